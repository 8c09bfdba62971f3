import { Inject, Injectable } from '@nestjs/common';
import { deriveKey, hmac, sameSecret } from '../platform/secrets.js';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import type { FileKind } from './file.entity.js';

const folders: Record<FileKind, string> = { photo: 'photos', video: 'videos', music: 'musics', file: 'files' };

/** Query of an address: the version of the bytes (`v`) and the token of its viewer (`t`). */
export interface AddressQuery {
  v?: string | undefined;
  t?: string | null | undefined;
}

/** Addresses are relative to the host, so they work behind every proxy and under every name. */
export function fileHref(kind: FileKind, url: string, path = '', { v, t }: AddressQuery = {}): string {
  let address = `/api/${folders[kind]}/${url}${path}`;
  if (v) address += `${path.includes('?') ? '&' : '?'}v=${v}`;
  if (t) address += `${v || path.includes('?') ? '&' : '?'}t=${t}`;
  return address;
}

/** Where the bytes of a file are; of a video or music, its playlist. */
export const bytesHref = (kind: FileKind, url: string, query: AddressQuery = {}): string =>
  fileHref(kind, url, kind === 'file' ? '/content' : '', query);

/** The token of a signed address and its expiry, which stands beside every such address. */
export interface Signed {
  t: string;
  expiresAt: string;
}

const uuid = /^[0-9a-f]{32}$/;

/**
 * Addresses of private bytes that an `<img>` or a player can open: `?t=<expiry>.<viewer>.<signature>`. The token names
 * a file and a viewer, and only says who asks: each request checks whether that viewer may still see the file, so it
 * ends with the permission.
 */
@Injectable()
export class SignedHrefs {
  private readonly key: Buffer;
  private readonly lifeMs: number;

  constructor(@Inject(CONFIG) config: Config) {
    this.key = deriveKey(config.secret, 'media-token');
    this.lifeMs = config.tokens.mediaMs;
  }

  /** Valid for one to two lifetimes: the expiry is rounded up, so that a page has the same addresses for a while. */
  sign(fileUrl: string, viewerId: string): Signed {
    const expiry = Math.ceil(Date.now() / this.lifeMs + 1) * this.lifeMs;
    const viewer = viewerId.replaceAll('-', '');
    const t = `${expiry.toString(36)}.${viewer}.${this.signature(fileUrl, viewer, expiry)}`;
    return { t, expiresAt: new Date(expiry).toISOString() };
  }

  /** The viewer's id; null for a token that is expired, changed, or for another file. */
  viewerOf(fileUrl: string, token: string): string | null {
    const [time = '', viewer = '', signature = ''] = token.split('.');
    const expiry = Number.parseInt(time, 36);
    if (!uuid.test(viewer) || !(expiry > Date.now())) return null;
    if (!sameSecret(signature, this.signature(fileUrl, viewer, expiry))) return null;
    return viewer.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  private signature(fileUrl: string, viewer: string, expiry: number): string {
    return hmac(this.key, `${fileUrl}.${viewer}.${expiry}`, 'base64url');
  }
}
