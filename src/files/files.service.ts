import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { Outbox } from '../platform/events/outbox.js';
import { RateLimiter } from '../platform/limits/rate-limiter.service.js';
import { Live } from '../platform/realtime/live.js';
import { Problem } from '../platform/http/problems.js';
import { failures, type FailureCode } from '../processing/run/failure.js';
import type { Warning } from '../processing/video/lengths.js';
import type { FileKind, FileStatus, Picture } from './file.entity.js';
import { maxQueuedBefore, type FileAnswer } from './files.schemas.js';
import { deleteFiles, isSent, onProfile } from './delete-files.js';
import { bytesHref } from './signed-hrefs.service.js';
import { sql } from '../platform/database/sql.js';

interface Row {
  id: string;
  url: string;
  kind: FileKind;
  status: FileStatus;
  progress: number;
  remaining_ms: number | null;
  is_running: boolean;
  failure_code: FailureCode | null;
  bytes: string;
  sha256: string;
  filename: string;
  mime_type: string;
  width: number | null;
  height: number | null;
  duration_ms: number | null;
  placeholder: string | null;
  color: string | null;
  picture: Picture | null;
  facts: { warnings?: Warning[] } & Record<string, unknown>;
  created_at: string | Date;
  used_by: string | null;
}

export interface Photo {
  id: string;
  placeholder: string | null;
  color: string | null;
}

/** Workers report every second. */
const silence = sql`interval '15 seconds'`;

/** A user's own files: their state, retries and deletion. */
@Injectable()
export class FilesService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly limiter: RateLimiter,
    private readonly live: Live,
  ) {}

  async view(ownerId: string, url: string): Promise<FileAnswer> {
    const [row] = await sql<Row>`
      select f.id, f.url, f.kind, f.status, f.progress, f.remaining_ms, f.failure_code, f.bytes,
        f.sha256, f.filename, f.mime_type,
        f.width, f.height, f.duration_ms, f.placeholder, f.color, f.picture, f.facts, f.created_at,
        coalesce(m.url, c.url) as used_by, coalesce(f.heartbeat_at > now() - ${silence}, false) as
          is_running
      from files f
      left join media_files mf on mf.file_id = f.id left join medias m on m.id = mf.media_id
      left join comments c on c.attachment_id = f.id
      where f.url = ${url} and f.owner_id = ${ownerId}`.all(this.em);
    if (!row) throw new Problem('file_not_found');
    const view = toAnswer(row);
    return view.stage === 'queued' ? { ...view, queuedBefore: await this.queuedBefore(row.id) } : view;
  }

  /**
   * How many files of its kind are started before it: owners take turns, as in `FilesJobs.enqueue`. Exact while at most
   * `maxQueuedBefore` are waiting.
   */
  private async queuedBefore(id: string): Promise<number> {
    const [{ before } = { before: 0 }] = await sql<{ before: number }>`
      with waiting as (
        select w.id, row_number() over (partition by w.owner_id order by w.id) as turn
        from (select f.id, f.owner_id from files f, files mine
              where mine.id = ${id} and f.kind = mine.kind and f.status = 'processing'
                and f.heartbeat_at is null limit ${maxQueuedBefore}) w)
      select count(*)::int as before from waiting w, waiting mine where mine.id = ${id}
        and (w.turn, w.id) < (mine.turn, mine.id)`.all(this.em);
    return before;
  }

  /**
   * One of the owner's photos, to be shown elsewhere.
   * @throws {Problem} `file_not_found`, `file_kind_mismatch`, `file_failed`, `file_processing`
   */
  async readyPhoto(em: EntityManager, ownerId: string, url: string): Promise<Photo> {
    const [photo] = await sql<Photo & Pick<Row, 'kind' | 'status'>>`
      select id, kind, status, placeholder, color from files
      where url = ${url} and owner_id = ${ownerId} for update`.all(em);
    if (!photo) throw new Problem('file_not_found', `None of your files has the url ${url}.`);
    if (photo.kind !== 'photo') throw new Problem('file_kind_mismatch', `${url} is a ${photo.kind}, not a photo.`);
    requireReady(url, photo.status);
    return photo;
  }

  /**
   * Takes one of the owner's unused photos, ready or not; from now on it is in use.
   * @returns its id
   * @throws {Problem} `file_not_found`, `file_kind_mismatch`, `file_failed`, `file_in_use`
   */
  async takePhoto(em: EntityManager, ownerId: string, url: string): Promise<string> {
    const [photo] = await sql<Pick<Row, 'id' | 'kind' | 'status'> & { used: boolean }>`
      select id, kind, status, unused_since is null and (${onProfile} or not ${isSent}
          or exists (select 1 from media_files mf where mf.file_id = f.id)
          or exists (select 1 from comments c where c.attachment_id = f.id)) as used
      from files f where url = ${url} and owner_id = ${ownerId} for update`.all(em);
    if (!photo) throw new Problem('file_not_found', `None of your files has the url ${url}.`);
    if (photo.kind !== 'photo') throw new Problem('file_kind_mismatch', `${url} is a ${photo.kind}, not a photo.`);
    if (photo.used) throw new Problem('file_in_use', `${url} is shown elsewhere.`);
    if (photo.status === 'failed') throw new Problem('file_failed', `${url} failed: see GET files/${url}.`);
    await sql`update files set unused_since = null where id = ${photo.id}`.all(em);
    return photo.id;
  }

  /**
   * One of the owner's files, to be sent, ready or not. It may be shown elsewhere, too.
   * @returns its id
   * @throws {Problem} `file_not_found`, `file_kind_mismatch`, `file_failed`
   */
  async takeToSend(em: EntityManager, ownerId: string, url: string, kind: FileKind): Promise<string> {
    const [file] = await sql<Pick<Row, 'id' | 'kind' | 'status'>>`
      select id, kind, status from files where url = ${url} and owner_id = ${ownerId} for no key update`.all(em);
    if (!file) throw new Problem('file_not_found', `None of your files has the url ${url}.`);
    if (file.kind !== kind) throw new Problem('file_kind_mismatch', `${url} is a ${file.kind}, not a ${kind}.`);
    if (file.status === 'failed') throw new Problem('file_failed', `${url} failed: see GET files/${url}.`);
    await sql`update files set unused_since = null where id = ${file.id} and unused_since is not null`.all(em);
    return file.id;
  }

  /** To be called when a profile or a message no longer shows a file. It may be in use elsewhere; if not, it expires later. */
  async release(em: EntityManager, fileId: string): Promise<void> {
    await sql`select id from files where id = ${fileId} for update`.all(em);
    const squares = await sql<{ key: string }>`
      delete from renditions r using files f where f.id = ${fileId} and r.file_id = f.id and r.role = 'square'
        and not ${onProfile} returning r.key`.all(em);
    for (const { key } of squares) await this.outbox.record('bytes.orphaned', { key });
    await sql`
      update files f set unused_since = now() where id = ${fileId} and not ${onProfile}
      and not exists (select 1 from media_files mf where mf.file_id = f.id)
      and not exists (select 1 from comments c where c.attachment_id = f.id)`.all(em);
  }

  /**
   * Restarts a failed file.
   * @throws {Problem} `file_not_found`, `file_not_failed`, `too_many_requests`
   */
  async retry(ownerId: string, url: string): Promise<FileAnswer> {
    await this.em.transactional(async (em) => {
      const [file] = await sql<{ id: string; status: FileStatus }>`
        select id, status from files where url = ${url} and owner_id = ${ownerId} for update`.all(em);
      if (!file) throw new Problem('file_not_found');
      if (file.status !== 'failed') throw new Problem('file_not_failed', `It is \`${file.status}\`.`);
      await this.limiter.consume('retry', file.id);
      await this.restart(em, file.id);
    });
    return this.view(ownerId, url);
  }

  /**
   * Retries a failed file because the same bytes were sent again. Call it with the file's row locked.
   * @returns whether it is retried; false when the limit is reached
   */
  async retryAsSent(em: EntityManager, fileId: string): Promise<boolean> {
    try {
      await this.limiter.consume('retry', fileId);
    } catch (error) {
      if (error instanceof Problem && error.code === 'too_many_requests') return false;
      throw error;
    }
    await this.restart(em, fileId);
    return true;
  }

  /** Puts a failed file back to `processing`. Call it with the file's row locked. */
  async restart(em: EntityManager, fileId: string): Promise<void> {
    await sql`
      update files set status = 'processing', failure_code = null, progress = 0, playable = false, remaining_ms =
        null, attempts = 0, runs = runs + 1, heartbeat_at = null,
      processed_at = null, updated_at = now() where id = ${fileId}`.all(em);
    await this.outbox.record('file.uploaded', { fileId });
    this.live.expect();
  }

  /** Row first, bytes second: a job deletes them, even if this process dies. */
  async delete(ownerId: string, url: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const [file] = await sql<{ id: string; used: boolean }>`
        select id, unused_since is null as used from files where url = ${url}
          and owner_id = ${ownerId} for update`.all(em);
      if (!file) throw new Problem('file_not_found');
      if (file.used)
        throw new Problem(
          'file_in_use',
          'It is shown by a media (delete that instead), by a comment, by a message, or by your profile.',
        );
      await deleteFiles(em, this.outbox, [file.id]);
    });
  }

  /** Runs in the caller's transaction. */
  deleteRows(em: EntityManager, fileIds: string[]): Promise<void> {
    return deleteFiles(em, this.outbox, fileIds);
  }
}

/** @throws {Problem} `file_failed`, `file_processing` */
export function requireReady(url: string, status: FileStatus): void {
  if (status === 'failed') throw new Problem('file_failed', `${url} failed: see GET files/${url}.`);
  if (status === 'processing') throw new Problem('file_processing', `${url} is not ready yet: see GET files/${url}.`);
}

const toAnswer = ({ facts: { warnings = [], ...facts }, ...row }: Row): FileAnswer => ({
  url: row.url,
  kind: row.kind,
  status: row.status,
  progress: row.progress,
  ...(row.status === 'processing' && { stage: row.is_running ? 'running' : 'queued' }),
  ...(row.is_running && row.remaining_ms !== null && { remainingMs: row.remaining_ms }),
  ...(row.failure_code && { failure: { code: row.failure_code, message: failures[row.failure_code].sentence } }),
  bytes: Number(row.bytes),
  sha256: row.sha256,
  filename: row.filename,
  href: bytesHref(row.kind, row.url),
  ...(row.used_by && { usedBy: row.used_by }),
  mimeType: row.mime_type,
  width: row.width,
  height: row.height,
  durationMs: row.duration_ms,
  placeholder: row.picture?.placeholder ?? row.placeholder,
  color: row.picture?.color ?? row.color,
  facts,
  warnings,
  createdAt: isoTime(row.created_at),
});
