import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import pLimit from 'p-limit';
import { Tools } from '../files/tools.service.js';
import { isoTime } from '../platform/database/iso-time.js';
import { sql } from '../platform/database/sql.js';
import { Outbox } from '../platform/events/outbox.js';
import { inBytes } from '../platform/http/in-bytes.js';
import { Problem } from '../platform/http/problems.js';
import { brokenBody, receive } from '../platform/http/receive.js';
import { avatarFolder, avatarKey } from '../platform/storage/keys.js';
import { Storage, StorageFull } from '../platform/storage/storage.js';
import { Refused } from '../processing/accept/refusal.js';
import { avatarTypes, deriveAvatar, type AvatarType } from '../processing/image/avatar.js';
import { ProcessingFailure } from '../processing/run/failure.js';
import { formatNamed } from '../processing/run/formats.js';
import { withWorkspace } from '../processing/run/workspace.js';
import { refusalProblem } from '../uploads/refusal.js';
import { defaultAvatar, type StoredSquare } from './avatar.entity.js';
import { names, sizeNames, type AvatarAnswer } from './avatars.schemas.js';

const MiB = 1024 * 1024;
export const maxAvatarBytes = 10 * MiB;
/** Pictures decoded at once: each takes one CPU, and up to 200 MB. */
const atOnce = 2;
const maxWaiting = 300;
/** For all sizes of one picture. */
const limitMs = 60_000;

export interface Stored {
  hash: string;
  version: string;
  squares: StoredSquare[];
}
interface Put {
  avatar: AvatarAnswer;
  isNew: boolean;
}
interface Row {
  created_at: string;
  updated_at: string;
  old_version: string | null;
}

/** Uploads and deletions. A new picture is stored whole before it takes the place of the old one. */
@Injectable()
export class AvatarsService {
  private readonly inTurn = pLimit(atOnce);

  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly outbox: Outbox,
    private readonly tools: Tools,
  ) {}

  /** @throws {Problem} `too_large`, `unsupported_media_type`, `content_refused`, `unavailable` */
  put(hash: string, body: Readable, isGone: () => boolean): Promise<Put> {
    return withWorkspace(this.tools.workRoot, 'avatar', async (dir) => {
      const path = join(dir, 'upload');
      const { bytes } = await receive(body, path, maxAvatarBytes, () => tooLarge());
      if (bytes === 0) throw new Problem('content_refused', { detail: 'The file is empty.', reason: 'empty_file' });
      return this.putFile(hash, path, dir, isGone);
    });
  }

  /** Shown instead of identicons. @throws {Problem} as `put` */
  async setDefault(path: string): Promise<void> {
    await withWorkspace(this.tools.workRoot, 'avatar', (dir) => this.putFile(defaultAvatar, path, dir));
  }

  /** @returns whether there was one */
  clearDefault(): Promise<boolean> {
    return this.delete(defaultAvatar);
  }

  /** @returns whether there was one */
  delete(hash: string): Promise<boolean> {
    return this.em.transactional(async (em) => {
      const [gone] = await sql<{ version: string }>`delete from avatars where hash = ${hash} returning version`.all(em);
      if (gone) await this.outbox.record('avatar.orphaned', { hash, version: gone.version });
      return gone !== undefined;
    });
  }

  private async putFile(hash: string, path: string, dir: string, isGone = () => false): Promise<Put> {
    if (this.inTurn.pendingCount >= maxWaiting) throw new Problem('unavailable', { headers: { 'retry-after': '10' } });
    const { type, squares } = await this.inTurn(() => {
      if (isGone()) throw brokenBody('The client is gone');
      return deriveAvatar(path, dir, AbortSignal.timeout(limitMs));
    }).catch((error: unknown) => {
      throw problemOf(error);
    });
    const version = randomUUID();
    let isUsed = false;
    try {
      for (const { path: made, size, format } of squares) {
        const contentType = `image/${format}`;
        await this.storage.put(avatarKey(hash, version, `${size}.${format}`), { path: made }, { contentType });
      }
      const stored = squares.map(({ size, format, bytes }) => ({ size, format, bytes }));
      const put = await this.commit({ hash, version, squares: stored }, type);
      isUsed = true;
      return put;
    } catch (error) {
      throw problemOf(error);
    } finally {
      // A commit whose answer was lost is one all the same.
      if (!isUsed && !(await this.isShown(hash, version))) await this.storage.deletePrefix(avatarFolder(hash, version));
    }
  }

  /** @returns whether this version is the one in use */
  async isShown(hash: string, version: string): Promise<boolean> {
    const rows = await sql`select 1 from avatars where hash = ${hash} and version = ${version}`.all(this.em);
    return rows.length > 0;
  }

  private commit({ hash, version, squares }: Stored, type: AvatarType): Promise<Put> {
    return this.em.transactional(async (em) => {
      const [row] = await sql<Row>`
        insert into avatars (hash, version, type, squares) values (${hash}, ${version}, ${type}, ${JSON.stringify(squares)}::jsonb)
        on conflict (hash) do update set version = excluded.version, type = excluded.type, squares = excluded.squares,
          updated_at = now()
        returning created_at, updated_at, old.version as old_version`.all(em);
      const { old_version, created_at, updated_at } = row!;
      if (old_version) await this.outbox.record('avatar.orphaned', { hash, version: old_version });
      const sizes = names.filter((name) => squares.some(({ size }) => size === sizeNames[name]));
      return {
        isNew: old_version === null,
        avatar: {
          ...{ hash, type, sizes, href: avatarHref(hash, version) },
          ...{ createdAt: isoTime(created_at), updatedAt: isoTime(updated_at) },
        },
      };
    });
  }
}

function problemOf(error: unknown): unknown {
  if (error instanceof Refused) return refusalProblem(error);
  const isFull = error instanceof StorageFull || (error instanceof ProcessingFailure && error.code === 'storage_full');
  return isFull ? new Problem('unavailable', { detail: 'The storage is full.', cause: error }) : error;
}

const avatarHref = (hash: string, version: string) => `/avatars/${hash}?v=${shortVersion(version)}`;
export const shortVersion = (version: string) => version.slice(-8);

/** @param sent bytes, if known */
export const tooLarge = (sent?: number): Problem =>
  new Problem('too_large', {
    detail: `An avatar may have at most ${inBytes(maxAvatarBytes)}${sent === undefined ? '' : `; this one has ${inBytes(sent)}`}.`,
    reason: 'too_large',
  });

export const avatarTitles = avatarTypes.map((type) => formatNamed(type).title).join(', ');
