import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { Outbox } from '../platform/events/outbox.js';
import type { JobContext } from '../platform/queue/on-job.js';
import { JobTimedOut, PermanentFailure, ShuttingDown } from '../platform/queue/runner.js';
import { Live } from '../platform/realtime/live.js';
import { Signals } from '../platform/realtime/signals.js';
import { Storage, StorageFull } from '../platform/storage/storage.js';
import type { Work } from '../processing/run/budget.js';
import { ProcessingFailure, type FailureCode } from '../processing/run/failure.js';
import { withWorkspace } from '../processing/run/workspace.js';
import { derive, pipelineVersions, type Derived } from './derive.js';
import type { FileKind, FileStatus } from './file.entity.js';
import { Heartbeat } from './heartbeat.js';
import { Progress } from './progress.js';
import { Publication } from './publication.js';
import { Tools } from './tools.service.js';
import { sql } from '../platform/database/sql.js';

/** Starts that may end without a report (worker crash, power cut) before the file is given up. */
const maxStarts = 6;
/** Fraction of the progress for deriving; the rest is for storing the results. */
const derivingShare = 0.97;

interface Started {
  url: string;
  owner_id: string;
  kind: Exclude<FileKind, 'file'>;
  source_key: string;
  attempts: number;
  redo: boolean;
  width: number | null;
  height: number | null;
  duration_ms: string | null;
  bytes: string;
  progress: number;
}

/**
 * Takes one file from `processing` to `ready` or `failed`. May run twice, even in parallel: the first to commit wins.
 */
@Injectable()
export class ProcessingService {
  private readonly logger = new Logger('Processing');

  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly outbox: Outbox,
    private readonly signals: Signals,
    private readonly live: Live,
    private readonly tools: Tools,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async process(fileId: string, { signal, isLastAttempt }: JobContext, niceness?: number): Promise<void> {
    const started = await this.start(fileId);
    if (!started) return; // Deleted, or done by another run.
    const publication = new Publication(this.em, this.storage, this.outbox, this.live, fileId, randomUUID());
    const progress = new Progress(started.progress);
    const heartbeat = new Heartbeat(
      this.em.fork(),
      fileId,
      progress,
      (error) => this.logger.warn({ err: error, fileId }, 'no heartbeat'),
      (progress) => this.tellProgress(started, progress),
    );
    try {
      if (started.attempts > maxStarts) throw new ProcessingFailure('internal', 'every start ended without a report');
      await withWorkspace(this.tools.workRoot, fileId, async (dir) => {
        const derived = await this.derive(started, dir, signal, progress, publication, niceness);
        await publication.publishAll(derived, pipelineVersions[started.kind], signal, (fraction) =>
          progress.report(derivingShare + (1 - derivingShare) * fraction),
        );
      });
    } catch (error) {
      await publication.withdraw();
      // A late heartbeat would make the file look as if it were still being processed.
      await heartbeat.stop();
      const failure = toFailure(error, signal);
      const final = failure.permanent || isLastAttempt || started.attempts > maxStarts;
      const isStopping = signal.reason instanceof ShuttingDown;
      if (isStopping || !final) {
        await this.backToQueue(fileId, isStopping);
        throw error;
      }
      this.logger.warn({ fileId, code: failure.code, detail: failure.detail, err: error }, 'file failed');
      await this.fail(fileId, failure.code);
      throw new PermanentFailure(failure.code);
    } finally {
      await heartbeat.stop();
    }
  }

  private async start(fileId: string): Promise<Started | undefined> {
    const [row] = await sql<Started>`
      update files set attempts = attempts + 1, heartbeat_at = now() where id = ${fileId}
        and (status = 'processing' or redo)
      returning url, owner_id, kind, source_key, attempts, redo, width, height, duration_ms, bytes, progress`.all(
      this.em,
    );
    return row;
  }

  /** Nobody waits for a file that is ready and made again. */
  private tellProgress({ url, owner_id, redo }: Started, progress: number): void {
    if (!redo) this.signals.tell([owner_id], 'file.progress', { url, status: 'processing', progress });
  }

  private async derive(
    started: Started,
    dir: string,
    signal: AbortSignal,
    progress: Progress,
    publication: Publication,
    niceness?: number,
  ): Promise<Derived> {
    const { kind, source_key, redo } = started;
    const context = {
      binaries: await this.tools.binaries(),
      threads: this.tools.threads,
      budget: this.tools.budgetOf(this.workOf(started)),
      avif: this.config.photoAvif,
      ...(niceness !== undefined && { niceness }),
      signal,
      onProgress: (fraction: number) => progress.report(derivingShare * fraction),
    };
    // When reprocessing, the old renditions stay until the end: they are better than the first new ones.
    const onPlayable = redo ? undefined : (derived: Derived) => publication.publishPlayable(derived, signal);
    return this.storage.withLocalFile(source_key, dir, (input) =>
      derive[kind](input, dir, this.config.limits, context, onPlayable),
    );
  }

  /** As measured when it was uploaded. A file of unknown duration may be as long as the limit. */
  private workOf({ kind, width, height, duration_ms, bytes }: Started): Work {
    const longest = kind === 'photo' ? 0 : this.config.limits[kind].maxDurationMs;
    return {
      durationMs: duration_ms === null ? longest : Number(duration_ms),
      pixels: (width ?? 0) * (height ?? 0),
      bytes: Number(bytes),
    };
  }

  /** Keeps what can be played: the old renditions of a reprocessed file, or the first rungs of a failed video. */
  private async fail(fileId: string, code: FailureCode): Promise<void> {
    await this.em.transactional(async (em) => {
      const [file] = await sql<{ status: FileStatus }>`
        update files set status = case when playable then 'ready' else 'failed' end, failure_code = case when playable
          then null else ${code} end,
          redo = false, remaining_ms = null, processed_at = now(), updated_at = now()
        where id = ${fileId} and (status = 'processing' or redo) returning status`.all(em);
      if (file) await this.outbox.record(file.status === 'ready' ? 'file.ready' : 'file.failed', { fileId });
      this.live.expect();
    });
  }

  /**
   * Clears the heartbeat until the next attempt.
   * @param isStopping a shutdown of the worker does not count as an attempt
   */
  private async backToQueue(fileId: string, isStopping: boolean): Promise<void> {
    await sql`
      update files set attempts = greatest(0, attempts - ${isStopping ? 1 : 0}), heartbeat_at = null, remaining_ms =
        null where id = ${fileId}`.all(this.em);
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
