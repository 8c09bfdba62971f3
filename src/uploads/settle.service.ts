import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { FileKind, FileStatus } from '../files/file.entity.js';
import { FilesService } from '../files/files.service.js';
import type { UploadedFile } from '../files/files.schemas.js';
import { bytesHref } from '../files/signed-hrefs.service.js';
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
import { FairLimiter } from './fair-limiter.js';
import { sql } from '../platform/database/sql.js';

export interface CompletedUpload {
  /** Of the upload, and of the file it becomes. */
  id: string;
  ownerId: string;
  kind: FileKind;
  filename: string;
  /** Path of the bytes, on the storage's own file system. */
  path: string;
  bytes: number;
  sha256: string;
  /** The bytes are in the storage already; `path` is only for reading. */
  placed?: boolean;
}
export interface Settled {
  file: UploadedFile;
  /** False if the owner had sent these bytes before. */
  created: boolean;
}

type Known = Settled & { fileId: string };

/** Time limit for inspecting a file, from its turn on. */
const acceptMs = 60_000;
/**
 * Concurrent inspections, of photos and of everything else: pictures are decoded in threads, of which there are more
 * (local/node-flags.ts); sound and video in processes. A malicious file may use hundreds of megabytes and a CPU for the
 * whole time limit.
 */
const maxInspections = Math.min(12, Math.max(4, availableParallelism()));
/** Clients and proxies rarely wait longer for an answer. */
const maxWaitMs = 60_000;
const inspections = () => new FairLimiter(maxInspections, Math.floor(maxInspections / 4), maxWaitMs);

/** Turns a complete upload into a file: inspected, moved into place, then row and event in one commit. */
@Injectable()
export class SettleService {
  /** A photo takes a fraction of a second, and never waits for films. */
  private readonly photos = inspections();
  private readonly others = inspections();

  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly outbox: Outbox,
    private readonly files: FilesService,
    private readonly tools: Tools,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @throws {Problem} `unsupported_media_type`, `content_refused`: the caller removes the bytes and refunds;
   *   `unavailable`
   */
  async settle(upload: CompletedUpload): Promise<Settled> {
    const known = await this.known(upload);
    if (known) {
      if (!upload.placed) await rm(upload.path, { force: true });
      return this.withoutCopy(upload, known);
    }
    const accepted = await this.inspect(upload);
    if (!upload.placed) await this.place(upload, accepted);
    // From here on an error does not tell whether the commit succeeded: the bytes stay, and the sweeper looks for their
    // row.
    return (await this.insert(upload, accepted)) ?? (await this.duplicate(upload));
  }

  /**
   * Refunds the quota, unless the upload became a file after all. The row stays for the sweeper, which removes its
   * bytes.
   */
  async refund(uploadId: string): Promise<void> {
    await sql`update uploads set expires_at = now() where id = ${uploadId} and state = 'open'`.all(this.em);
  }

  private async place({ id, path }: CompletedUpload, { mimeType }: Accepted): Promise<void> {
    try {
      await this.storage.put(originalKey(id), { path }, { contentType: mimeType });
    } catch (error) {
      if (error instanceof StorageFull)
        throw new Problem('unavailable', { detail: 'The storage is full.', cause: error });
      throw error;
    }
  }

  private async inspect({ path, kind, ownerId }: CompletedUpload): Promise<Accepted> {
    try {
      const binaries = await this.tools.binaries();
      return await (kind === 'photo' ? this.photos : this.others).run(ownerId, () =>
        accept(path, kind, this.config.limits, { binaries, signal: AbortSignal.timeout(acceptMs) }),
      );
    } catch (error) {
      throw error instanceof Refused ? refusalProblem(error) : error;
    }
  }

  /** The owner's file with the same bytes, if there is one. A failed one is retried, within its limit. */
  private known({ id, ownerId, kind, sha256 }: CompletedUpload): Promise<Known | null> {
    return this.em.transactional(async (em) => {
      const [file] = await sql<Omit<UploadedFile, 'href' | 'bytes'> & { id: string; bytes: string }>`
        select id, url, kind, status, bytes, sha256, filename from files
          where owner_id = ${ownerId} and kind = ${kind} and sha256 = ${sha256} for update`.all(em);
      if (!file) return null;
      const isRetried = file.status === 'failed' && (await this.files.retryAsSent(em, file.id));
      // The client just learnt its url: restart the time until it expires.
      await sql`update files set unused_since = now() where id = ${file.id} and unused_since is not null`.all(em);
      // Sent bytes count towards the daily quota, although nothing more is stored.
      await sql`
        update uploads set state = 'settled', bytes = ${file.bytes}, file_url = ${file.url} where id = ${id}`.all(em);
      const { id: fileId, ...rest } = file;
      const status: FileStatus = isRetried ? 'processing' : file.status;
      return {
        fileId,
        created: false,
        file: { ...rest, status, bytes: Number(file.bytes), href: bytesHref(kind, file.url) },
      };
    });
  }

  private insert(
    { id, ownerId, kind, filename, bytes, sha256 }: CompletedUpload,
    accepted: Accepted,
  ): Promise<Settled | null> {
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
      if (!upload) throw new Problem('upload_expired'); // Removed by the sweeper, with its bytes.
      await this.outbox.record('file.uploaded', { fileId: id });
      return {
        created: true,
        file: { url: row.url, kind, status, bytes, sha256, filename, href: bytesHref(kind, row.url) },
      };
    });
  }

  /** Another request stored the same bytes meanwhile. */
  private async duplicate(upload: CompletedUpload): Promise<Settled> {
    const known = await this.known(upload);
    if (!known) throw new Problem('unavailable', 'The same file was deleted meanwhile: send it again.');
    return this.withoutCopy(upload, known);
  }

  /** Deletes the second copy, unless the known file is this very upload, settled by another process. */
  private async withoutCopy(upload: CompletedUpload, { fileId, ...settled }: Known): Promise<Settled> {
    if (fileId !== upload.id) await this.storage.delete(originalKey(upload.id));
    return settled;
  }
}
