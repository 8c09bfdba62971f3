import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { FileKind, FileStatus } from '../files/file.entity.js';
import { FilesService } from '../files/files.service.js';
import type { UploadedFile } from '../files/files.schemas.js';
import { fileHref } from '../files/signed-hrefs.service.js';
import { Tools } from '../files/tools.service.js';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { slug } from '../platform/database/slug.js';
import { Outbox } from '../platform/events/outbox.js';
import { originalKey } from '../platform/storage/keys.js';
import { Storage, StorageFull } from '../platform/storage/storage.js';
import { Problem } from '../platform/http/problems.js';
import { accept, type Accepted } from '../processing/accept/accept.js';
import { Refused } from '../processing/accept/refusal.js';
import { refusalProblem } from './refusal.js';
import { Turns } from './turns.js';
import { sql } from '../platform/database/sql.js';

export interface Whole {
  /** Of the upload, and of the file it becomes. */
  id: string;
  ownerId: string;
  kind: FileKind;
  filename: string;
  /** Where the bytes lie, on the storage's own file system. */
  path: string;
  bytes: number;
  sha256: string;
  /** The bytes are in the storage already; `path` only reads them. */
  placed?: boolean;
}
export interface Settled {
  file: UploadedFile;
  /** False where the owner had sent these bytes before. */
  created: boolean;
}

type Known = Settled & { fileId: string };

/** What looking at a file may take, once it is its turn. */
const acceptMs = 60_000;
/** Each may hold a gigabyte and a CPU for its whole time, if the file is made to. Fewer than threads (local/node-flags.ts). */
const places = Math.min(12, Math.max(4, availableParallelism()));

/** Makes a file of an upload that is whole: looked at, moved into place, then its row and its event in one commit. */
@Injectable()
export class SettleService {
  private readonly looking = new Turns(places, Math.floor(places / 4));

  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly outbox: Outbox,
    private readonly files: FilesService,
    private readonly tools: Tools,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws {Problem} `unsupported_media_type`, `content_refused`; the caller removes the bytes and refunds */
  async settle(whole: Whole): Promise<Settled> {
    const known = await this.known(whole);
    if (known) {
      if (!whole.placed) await rm(whole.path, { force: true });
      return this.withoutCopy(whole, known);
    }
    const accepted = await this.look(whole);
    if (!whole.placed) await this.place(whole, accepted);
    // From here on an error says nothing about the commit: the bytes stay, and the sweeper looks for their row.
    return (await this.insert(whole, accepted)) ?? (await this.duplicate(whole));
  }

  /**
   * Gives the charge back, unless the upload became a file after all. The row stays for the sweeper, which removes
   * whatever bytes there are.
   */
  async refund(uploadId: string): Promise<void> {
    await sql`update uploads set expires_at = now() where id = ${uploadId} and state = 'open'`.all(this.em);
  }

  private async place({ id, path }: Whole, { mimeType }: Accepted): Promise<void> {
    try {
      await this.storage.put(originalKey(id), { path }, { contentType: mimeType });
    } catch (error) {
      if (error instanceof StorageFull)
        throw new Problem('unavailable', { detail: 'The storage is full.', cause: error });
      throw error;
    }
  }

  private async look({ path, kind, ownerId }: Whole): Promise<Accepted> {
    try {
      const binaries = await this.tools.binaries();
      return await this.looking.take(ownerId, () =>
        accept(path, kind, this.config.limits, { binaries, signal: AbortSignal.timeout(acceptMs) }),
      );
    } catch (error) {
      throw error instanceof Refused ? refusalProblem(error) : error;
    }
  }

  /** The owner's file with the same bytes, if there is one. A failed one is given another try, while it has any. */
  private known({ id, ownerId, kind, sha256 }: Whole): Promise<Known | null> {
    return this.em.transactional(async (em) => {
      const [file] = await sql<Omit<UploadedFile, 'href' | 'bytes'> & { id: string; bytes: string }>`
        select id, url, kind, status, bytes, sha256, filename from files
          where owner_id = ${ownerId} and kind = ${kind} and sha256 = ${sha256} for update`.all(em);
      if (!file) return null;
      const isRetried = file.status === 'failed' && (await this.files.retryAsSent(em, file.id));
      // Whoever was just told of it gets the whole time to show it.
      await sql`update files set unused_since = now() where id = ${file.id} and unused_since is not null`.all(em);
      // What was sent counts for the day, though nothing more is stored.
      await sql`
        update uploads set state = 'settled', bytes = ${file.bytes}, file_url = ${file.url} where id = ${id}`.all(em);
      const { id: fileId, ...rest } = file;
      const status: FileStatus = isRetried ? 'processing' : file.status;
      return {
        fileId,
        created: false,
        file: { ...rest, status, bytes: Number(file.bytes), href: fileHref(kind, file.url) },
      };
    });
  }

  private insert({ id, ownerId, kind, filename, bytes, sha256 }: Whole, accepted: Accepted): Promise<Settled | null> {
    const status: FileStatus = kind === 'file' ? 'ready' : 'processing';
    return this.em.transactional(async (em) => {
      const { mimeType, width = null, height = null, durationMs = null } = accepted;
      const [row] = await sql<{ url: string }>`
        insert into files (id, url, owner_id, kind, status, playable, progress, bytes, sha256, filename, source_key,
          mime_type, width, height, duration_ms)
        values (${id}, ${slug()}, ${ownerId}, ${kind}, ${status}, ${kind === 'file'}, ${kind === 'file' ? 1 : 0},
          ${bytes}, ${sha256}, ${filename}, ${originalKey(id)}, ${mimeType}, ${width}, ${height}, ${durationMs})
          on conflict do nothing returning url`.all(em);
      if (!row) return null;
      await sql`update users set storage_bytes = storage_bytes + ${bytes} where id = ${ownerId}`.all(em);
      const [upload] = await sql<{ id: string }>`
        update uploads set state = 'settled', bytes = ${bytes}, file_url = ${row.url} where id = ${id}
          and state = 'open' returning id`.all(em);
      if (!upload) throw new Problem('upload_expired'); // Swept away, and the bytes with it.
      await this.outbox.record('file.uploaded', { fileId: id });
      return {
        created: true,
        file: { url: row.url, kind, status, bytes, sha256, filename, href: fileHref(kind, row.url) },
      };
    });
  }

  /** Another request brought the same bytes in the meantime. */
  private async duplicate(whole: Whole): Promise<Settled> {
    const known = await this.known(whole);
    if (!known) throw new Problem('unavailable', 'The same file was deleted while it was sent: send it again.');
    return this.withoutCopy(whole, known);
  }

  /** The bytes are stored twice now, unless the known file is this very upload, settled by another process. */
  private async withoutCopy(whole: Whole, { fileId, ...settled }: Known): Promise<Settled> {
    if (fileId !== whole.id) await this.storage.delete(originalKey(whole.id));
    return settled;
  }
}
