import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { Statement } from '../database/sql.js';
import { Jobs } from './jobs.service.js';
import type { JobName } from './jobs.js';
import { OnJob, type JobContext } from './on-job.js';

const slice = 500;
/** Time per kind and run: the rest is left to the next run, so that no kind delays the others. */
const shareMs = 15_000;

/** Work recorded in rows, which normally has a job in a queue. */
export interface Unfinished<Row extends { id: string }> {
  /** Unfinished rows that nobody has touched for 45 s, by id, after the given one. */
  silent: (limit: number, after: string | undefined) => Statement<Row>;
  /** The jobs that may be working on it; one without a name is certainly gone. */
  jobs: (row: Row) => { name: JobName | undefined; id: string }[];
  /** Starts a job of another id, unless somebody else did. */
  restart: (row: Row) => Promise<void>;
}

/**
 * Rows are the truth about unfinished work; queues may lose jobs: emptied, restored from a backup, or failed without
 * the row being updated. Work that no queue remembers is started again here, for all features.
 */
@Injectable()
export class UnfinishedWork {
  private readonly kinds = new Map<string, Unfinished<{ id: string }>>();
  /** Where the next run continues with a kind that was not finished. */
  private readonly reached = new Map<string, string | undefined>();
  private isRunning = false;

  constructor(
    private readonly em: EntityManager,
    private readonly jobs: Jobs,
  ) {}

  /** @param what the kind's name, for messages */
  watch<Row extends { id: string }>(what: string, unfinished: Unfinished<Row>): void {
    this.kinds.set(what, unfinished as unknown as Unfinished<{ id: string }>);
  }

  /** A failing kind does not keep the others from being checked. */
  @OnJob('unfinished.sweep')
  async sweep(_payload: object, { signal }: JobContext): Promise<void> {
    // The schedule may fire again during a long run.
    if (this.isRunning) return;
    this.isRunning = true;
    const errors: unknown[] = [];
    try {
      for (const [what, kind] of this.kinds) {
        await this.restartLost(what, kind, signal).catch((error: unknown) =>
          errors.push(new Error(`${what}: ${String(error)}`, { cause: error })),
        );
      }
    } finally {
      this.isRunning = false;
    }
    if (errors.length) throw new AggregateError(errors, 'Some unfinished work was not checked');
  }

  private async restartLost(what: string, kind: Unfinished<{ id: string }>, signal: AbortSignal): Promise<void> {
    const end = performance.now() + shareMs;
    let after = this.reached.get(what);
    this.reached.delete(what);
    for (;;) {
      const rows = await kind.silent(slice, after).all(this.em);
      for (const row of rows) {
        signal.throwIfAborted();
        if (!(await this.isPending(kind.jobs(row)))) await kind.restart(row);
      }
      if (rows.length < slice) return;
      after = rows.at(-1)!.id;
      if (performance.now() > end) return void this.reached.set(what, after);
    }
  }

  private async isPending(candidates: { name: JobName | undefined; id: string }[]): Promise<boolean> {
    for (const { name, id } of candidates) if (name && (await this.jobs.isPending(name, id))) return true;
    return false;
  }
}
