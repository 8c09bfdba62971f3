import type { EntityManager } from '@mikro-orm/postgresql';
import type { Outbox } from '../platform/events/outbox.js';
import { fileFolder, renditionKey } from '../platform/storage/keys.js';
import type { Live } from '../platform/realtime/live.js';
import type { Storage } from '../platform/storage/storage.js';
import { nameInRun, type Derived, type DerivedFile } from './derive.js';
import { Rendition } from './rendition.entity.js';
import { sql, type Statement } from '../platform/database/sql.js';

type Stored = DerivedFile & { key: string };

/**
 * Renditions that processing makes, with embedded subtitles. Excludes what the owner uploaded or requested, which must
 * not be replaced.
 */
const isDerived = sql`(role not in ('picture', 'square') and (role <> 'subtitles' or facts->>'embedded' = 'true'))`;
const keptFolders = new Set(['subtitles', 'pictures', 'squares']);

/**
 * Publishes the results of one processing run: bytes first, rows second. In one step, or in two if a part can be
 * played early. Runs of the same file do not disturb each other: the first to complete wins.
 */
export class Publication {
  private readonly folder: string;
  private readonly stored = new Map<string, Stored>();
  /** Keys that rows refer to. */
  private readonly shown = new Set<string>();

  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly outbox: Outbox,
    private readonly live: Live,
    private readonly fileId: string,
    private readonly runId: string,
  ) {
    this.folder = `${fileFolder(fileId)}${runId}/`;
  }

  /** Publishes the part that can be played; the file stays `processing`. */
  async publishPlayable(derived: Derived, signal: AbortSignal): Promise<void> {
    await this.store(derived, signal);
    const set = sql`playable = true, updated_at = now()`;
    if (await this.commit(derived, set, 'file.playable'))
      for (const { key } of this.stored.values()) this.shown.add(key);
  }

  /** Publishes everything. If another run finished the file first, this one deletes its own bytes. */
  async publishAll(
    derived: Derived,
    pipeline: number,
    signal: AbortSignal,
    onProgress: (fraction: number) => void,
  ): Promise<void> {
    await this.store(derived, signal, onProgress);
    const set = sql`status = 'ready', playable = true, redo = false, pipeline = ${pipeline}, progress = 1,
      remaining_ms = null, processed_at = now(), updated_at = now()`;
    const won = await this.commit(derived, set, 'file.ready');
    await (won ? this.discardOthers() : this.storage.deletePrefix(this.folder));
  }

  /** Deletes the bytes that no row refers to. */
  async withdraw(): Promise<void> {
    if (!this.shown.size) return this.storage.deletePrefix(this.folder);
    for await (const { key } of this.storage.list(this.folder))
      if (!this.shown.has(key)) await this.storage.delete(key);
  }

  private async store(
    { outputs }: Derived,
    signal: AbortSignal,
    onProgress?: (fraction: number) => void,
  ): Promise<void> {
    const left = outputs.filter(({ path }) => !this.stored.has(path));
    const bytes = left.reduce((sum, one) => sum + one.bytes, 0);
    let done = 0;
    for (const one of left) {
      signal.throwIfAborted();
      const key = renditionKey(this.fileId, nameInRun(this.runId, one));
      await this.storage.put(key, { path: one.path }, { contentType: one.mimeType });
      this.stored.set(one.path, { ...one, key });
      done += one.bytes;
      onProgress?.(done / bytes);
    }
  }

  private commit(derived: Derived, set: Statement, event: 'file.playable' | 'file.ready'): Promise<boolean> {
    const { width = null, height = null, durationMs = null, placeholder = null, color = null, facts } = derived;
    return this.em.transactional(async (em) => {
      const updated = await sql`
        update files set ${set}, width = ${width}, height = ${height}, duration_ms = ${durationMs},
          placeholder = ${placeholder}, color = ${color}, facts = ${JSON.stringify(facts)}
        where id = ${this.fileId} and (status = 'processing' or redo) returning 1`.all(em);
      if (!updated.length) return false;
      await this.replaceRows(em, derived);
      await this.outbox.record(event, { fileId: this.fileId });
      this.live.expect();
      return true;
    });
  }

  /** Rows that stay keep their ids, so that addresses held by players keep naming the same bytes. */
  private async replaceRows(em: EntityManager, derived: Derived): Promise<void> {
    const rows = derived.outputs.map(({ path }) => this.stored.get(path)!);
    const keys = rows.map(({ key }) => key);
    await sql`
      delete from renditions where file_id = ${this.fileId} and ${isDerived} and key <> all(${keys}::text[])`.all(em);
    const left = await sql<{ key: string; role: string; name: string }>`
      select key, role, name from renditions where file_id = ${this.fileId}`.all(em);
    const hasRow = ({ key, role, name }: Stored) =>
      left.some((row) => row.key === key || (role === 'subtitles' && row.role === role && row.name === name));
    const hasOwnRow = ({ key }: Stored) => left.some((row) => row.key === key);
    // The owner's subtitles of a language win over embedded ones.
    for (const row of rows.filter((row) => hasRow(row) && !hasOwnRow(row)))
      await this.outbox.record('bytes.orphaned', { key: row.key });
    const added = rows.filter((row) => !hasRow(row));
    await em.insertMany(
      Rendition,
      added.map(({ path: _, facts = {}, ...row }) => ({ file: this.fileId, facts, ...row })),
    );
  }

  /** Deletes what other runs, which crashed or lost, have stored. */
  private async discardOthers(): Promise<void> {
    const folder = fileFolder(this.fileId);
    for await (const { key } of this.storage.list(folder)) {
      const [run, ...rest] = key.slice(folder.length).split('/');
      if (rest.length && run !== this.runId && !keptFolders.has(run!)) await this.storage.delete(key);
    }
  }
}
