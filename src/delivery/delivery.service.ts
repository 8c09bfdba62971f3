import { Injectable, Logger } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { FileKind } from '../files/file.entity.js';
import type { RenditionRole } from '../files/rendition.entity.js';
import { SignedHrefs } from '../files/signed-hrefs.service.js';
import { negotiated } from '../platform/http/negotiate.js';
import { Problem } from '../platform/http/problems.js';
import { NotStored, Storage, type ByteRange } from '../platform/storage/storage.js';
import type { Asking } from './asking.js';
import type { ImageQuery, ProfilePhotoQuery } from './delivery.schemas.js';
import { DeliveryQueries, type Deliverable, type Needs, type StoredRendition } from './delivery.queries.js';
import { bytesBody, type Body } from '../platform/http/send.js';

/** By preference: of several acceptable types the first is sent. */
const imageTypes = ['image/avif', 'image/webp', 'image/jpeg'];

/** A picture that the owner chose replaces ours. */
const roleShown = ({ renditions }: Deliverable, role: RenditionRole): RenditionRole =>
  renditions.some((rendition) => rendition.role === 'picture') ? 'picture' : role;

@Injectable()
export class DeliveryService {
  private readonly logger = new Logger('Delivery');

  constructor(
    private readonly queries: DeliveryQueries,
    private readonly storage: Storage,
    private readonly signed: SignedHrefs,
  ) {}

  /**
   * The file, if the viewer may see it. A token only identifies the viewer.
   * @throws {Problem} `file_not_found`, `media_token_invalid`
   */
  async find(
    asking: Asking,
    kind: FileKind,
    url: string,
    roles: RenditionRole[],
    needs: Needs = {},
  ): Promise<Deliverable> {
    let viewer = asking.viewer?.id ?? null;
    if (viewer === null && asking.token !== null) {
      viewer = this.signed.viewerOf(url, asking.token);
      if (viewer === null) throw new Problem('media_token_invalid', 'Request the media for a new address.');
    }
    const file = await this.queries.find(viewer, kind, url, roles, needs);
    if (!file) throw new Problem('file_not_found');
    return file;
  }

  /** The token for addresses inside a playlist: the one it was requested with, or a new one for the viewer. */
  tokenFor(file: Deliverable, { viewer, token }: Asking): string | null {
    if (file.open) return null;
    return viewer ? this.signed.sign(file.url, viewer.id).t : token;
  }

  /**
   * A size of an image in the best format that `Accept` allows, or any if it allows none. Posters and covers can be
   * replaced: without a version in the address, caches must revalidate.
   */
  image(file: Deliverable, role: RenditionRole, { size, format, v }: ImageQuery, { headers }: Asking): Body {
    const made = this.made(file, roleShown(file, role)).filter(({ name }) => name === size);
    return this.inFormat(file, made, { format, changes: role !== 'image' && v === undefined }, headers);
  }

  /** A photo of a profile: the smallest square of at least the requested size, else the largest. */
  ofProfile(file: Deliverable, { size, format, v }: ProfilePhotoQuery, { headers }: Asking): Body {
    const isSquare = /^\d+$/.test(size);
    const all = this.made(file, isSquare ? 'square' : 'image').toSorted((a, b) => a.width! - b.width!);
    const name = isSquare ? (all.find(({ width }) => width! >= Number(size)) ?? all.at(-1))?.name : size;
    const made = all.filter((one) => one.name === name);
    return this.inFormat(file, made, { format, changes: v === undefined }, headers);
  }

  private inFormat(
    file: Deliverable,
    made: StoredRendition[],
    { format, changes }: { format: ImageQuery['format']; changes: boolean },
    headers: Asking['headers'],
  ): Body {
    if (format) {
      const wanted = made.find(({ mimeType }) => mimeType === `image/${format}`);
      return this.bytes(file, wanted, { changes });
    }
    const offered = imageTypes.filter((type) => made.some(({ mimeType }) => mimeType === type));
    const best = negotiated(offered, headers);
    const chosen = made.find(({ mimeType }) => mimeType === best) ?? made[0];
    return this.bytes(file, chosen, { changes, vary: ['Accept'] });
  }

  /** @throws {Problem} `file_not_ready`, `rendition_not_found` */
  made(file: Deliverable, role: RenditionRole): StoredRendition[] {
    const made = file.renditions.filter((rendition) => rendition.role === role);
    if (made.length) return made;
    throw file.status === 'processing'
      ? new Problem('file_not_ready', { headers: { 'retry-after': '2' } })
      : new Problem('rendition_not_found');
  }

  bytes(file: Deliverable, rendition: StoredRendition | undefined, more: Partial<Body> = {}): Body {
    if (!rendition) throw new Problem('rendition_not_found');
    const { id, bytes, mimeType, key, createdAt } = rendition;
    return { tag: id, bytes, mimeType, modifiedAt: createdAt, open: file.open, ...this.reading(key), ...more };
  }

  /**
   * The upload as it was sent, with position and camera: for its owner only, and never by an address that could be
   * shared.
   */
  source(file: Deliverable, { viewer }: Asking): Body {
    if (!file.mine || !viewer) throw new Problem('not_yours', 'The raw upload is for its owner, signed in by header.');
    return this.asSent(file);
  }

  /** A file as it was sent, to be stored and not to be opened by the browser. */
  asSent(file: Deliverable): Body {
    const { id, sourceBytes, sourceType, sourceKey, updatedAt, filename } = file;
    const about = { tag: `${id}-source`, bytes: sourceBytes, mimeType: sourceType, modifiedAt: updatedAt, open: false };
    return { ...about, downloadAs: filename, ...this.reading(sourceKey) };
  }

  playlist(file: Deliverable, text: string, changes: boolean): Body {
    return this.text(file, text, 'application/vnd.apple.mpegurl', changes);
  }

  text(file: Deliverable, text: string, mimeType: string, changes: boolean): Body {
    const tag = createHash('sha256').update(text).digest('base64url').slice(0, 27);
    return bytesBody(Buffer.from(text), { tag, mimeType, modifiedAt: file.updatedAt, open: file.open, changes });
  }

  private reading(key: string): Pick<Body, 'read'> {
    const open = (range?: ByteRange) =>
      this.storage.open(key, range).catch((error: unknown) => {
        if (!(error instanceof NotStored)) throw error;
        // Usually it was deleted or replaced since its row was read; if not, `vitrine integrity` says what is missing.
        this.logger.warn({ key }, 'stored bytes are gone');
        throw new Problem('rendition_not_found', { cause: error });
      });
    return { read: async (range) => (await open(range)).stream };
  }
}
