import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { Outbox } from '../platform/events/outbox.js';
import type { JobContext } from '../platform/queue/on-job.js';
import { JobTimedOut, PermanentFailure, ShuttingDown } from '../platform/queue/runner.js';
import { fileFolder, renditionKey } from '../platform/storage/keys.js';
import { Storage, StorageFull } from '../platform/storage/storage.js';
import { ProcessingFailure, type FailureCode } from '../processing/failure.js';
import { withWorkspace } from '../processing/workspace.js';
import { derive, nameInRun, pipelineVersions, type Derived, type Made } from './derive.js';
import type { FileKind } from './file.entity.js';
import { Heartbeat } from './heartbeat.js';
import { Rendition } from './rendition.entity.js';
import { Tools } from './tools.service.js';

/** Starts that may end without a word (a crash of the worker, a power cut) before the file is given up. */
const maxStarts = 6;

interface Started {
  kind: Exclude<FileKind, 'file'>;
  source_key: string;
  attempts: number;
}
type Stored = Made & { key: string };

/** Takes one file from `processing` to `ready` or `failed`. May run twice, even at once: the first to commit wins. */
@Injectable()
export class ProcessingService {
  private readonly logger = new Logger('Processing');

  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly outbox: Outbox,
    private readonly tools: Tools,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async process(fileId: string, { signal, isLastAttempt }: JobContext, niceness?: number): Promise<void> {
    const started = await this.start(fileId);
    if (!started) return; // Deleted, or done by another.
    const runId = randomUUID();
    const heartbeat = new Heartbeat(this.em.fork(), fileId, (error) =>
      this.logger.warn({ err: error, fileId }, 'no heartbeat'),
    );
    try {
      if (started.attempts > maxStarts) throw new ProcessingFailure('internal', 'every try ended without a word');
      await withWorkspace(this.tools.workRoot, fileId, async (dir) => {
        const derived = await this.derive(started, dir, signal, heartbeat, niceness);
        await this.publish(fileId, runId, derived, pipelineVersions[started.kind], signal);
      });
    } catch (error) {
      await this.discard(fileId, runId);
      if (signal.reason instanceof ShuttingDown) await this.uncount(fileId);
      const failure = toFailure(error, signal);
      const final = failure.permanent || isLastAttempt || started.attempts > maxStarts;
      if (signal.reason instanceof ShuttingDown || !final) throw error;
      this.logger.warn({ fileId, code: failure.code, detail: failure.detail, err: error }, 'file failed');
      await this.fail(fileId, failure.code);
      throw new PermanentFailure(failure.code);
    } finally {
      await heartbeat.stop();
    }
  }

  private async start(fileId: string): Promise<Started | undefined> {
    const [row] = await this.em.execute<Started[]>(
      `update files set attempts = attempts + 1, heartbeat_at = now() where id = ? and (status = 'processing' or redo)
       returning kind, source_key, attempts`,
      [fileId],
    );
    return row;
  }

  private async derive(
    { kind, source_key }: Started,
    dir: string,
    signal: AbortSignal,
    heartbeat: Heartbeat,
    niceness?: number,
  ): Promise<Derived> {
    const context = {
      binaries: await this.tools.binaries(),
      threads: this.tools.threads,
      ...(niceness !== undefined && { niceness }),
      signal,
      onProgress: (fraction: number) => heartbeat.progress(fraction),
    };
    return this.storage.withLocalFile(source_key, dir, (input) =>
      derive[kind](input, dir, this.config.limits, context),
    );
  }

  /** Bytes first, rows second. Whoever finds the file finished already takes its own bytes back. */
  private async publish(
    fileId: string,
    runId: string,
    derived: Derived,
    pipeline: number,
    signal: AbortSignal,
  ): Promise<void> {
    const stored: Stored[] = [];
    for (const made of derived.made) {
      signal.throwIfAborted();
      const key = renditionKey(fileId, nameInRun(runId, made));
      await this.storage.put(key, { path: made.path }, { contentType: made.mimeType });
      stored.push({ ...made, key });
    }
    const won = await this.em.transactional((em) => this.commit(em, fileId, derived, pipeline, stored));
    await (won ? this.discardOthers(fileId, runId) : this.discard(fileId, runId));
  }

  private async commit(
    em: EntityManager,
    fileId: string,
    derived: Derived,
    pipeline: number,
    stored: Stored[],
  ): Promise<boolean> {
    const { width = null, height = null, durationMs = null, placeholder = null, color = null, facts } = derived;
    const updated = await em.execute<{ id: string }[]>(
      `update files set status = 'ready', redo = false, pipeline = ?, progress = 1, width = ?, height = ?, duration_ms = ?, placeholder = ?, color = ?,
         facts = ?, processed_at = now(), updated_at = now() where id = ? and (status = 'processing' or redo) returning id`,
      [pipeline, width, height, durationMs, placeholder, color, JSON.stringify(facts), fileId],
    );
    if (!updated.length) return false;
    // What its owner has brought is not ours to make anew.
    await em.execute(`delete from renditions where file_id = ? and role <> 'subtitles'`, [fileId]);
    await em.insertMany(
      Rendition,
      stored.map(({ path: _, facts = {}, ...rendition }) => ({ file: fileId, facts, ...rendition })),
    );
    await this.outbox.record('file.ready', { fileId });
    return true;
  }

  private async fail(fileId: string, code: FailureCode): Promise<void> {
    await this.em.transactional(async (em) => {
      const failed = await em.execute<{ id: string }[]>(
        // What was ready before stays so: the old renditions are still there.
        `update files set status = case when redo then 'ready' else 'failed' end, failure_code = case when redo then null else ? end,
           redo = false, processed_at = now(), updated_at = now()
         where id = ? and (status = 'processing' or redo) returning id`,
        [code, fileId],
      );
      if (failed.length) await this.outbox.record('file.failed', { fileId });
    });
  }

  /** A stop of ours is not a try of theirs. */
  private async uncount(fileId: string): Promise<void> {
    await this.em.execute('update files set attempts = greatest(0, attempts - 1) where id = ?', [fileId]);
  }

  private discard(fileId: string, runId: string): Promise<void> {
    return this.storage.deletePrefix(`${fileFolder(fileId)}${runId}/`);
  }

  /** What runs that died have left behind. */
  private async discardOthers(fileId: string, runId: string): Promise<void> {
    const folder = fileFolder(fileId);
    for await (const { key } of this.storage.list(folder)) {
      const [run, ...rest] = key.slice(folder.length).split('/');
      if (rest.length && run !== runId && run !== 'subtitles') await this.storage.delete(key);
    }
  }
}

function toFailure(error: unknown, signal: AbortSignal): ProcessingFailure {
  if (signal.reason instanceof JobTimedOut) return new ProcessingFailure('timed_out', '', { cause: error });
  if (error instanceof ProcessingFailure) return error;
  if (error instanceof StorageFull || (error as NodeJS.ErrnoException).code === 'ENOSPC') {
    return new ProcessingFailure('storage_full', '', { cause: error });
  }
  return new ProcessingFailure('internal', String(error), { cause: error });
}
