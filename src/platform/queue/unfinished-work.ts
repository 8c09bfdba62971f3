import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { Statement } from '../database/sql.js';
import { Jobs } from './jobs.service.js';
import type { JobName } from './jobs.js';
import { OnJob, type JobContext } from './on-job.js';

const slice = 500;
/** Of one kind in one run: what is left is looked at by the next, and no kind keeps the others. */
const shareMs = 15_000;

/** Work that stands in rows, and has a job in a queue as long as all goes well. */
export interface Unfinished<Row extends { id: string }> {
  /** By id, after the given one: what is to be done, and nobody has touched for 45 s. */
  silent: (limit: number, after: string | undefined) => Statement<Row>;
  /** The jobs that may be at it; one without a name is known to be gone. */
  jobs: (row: Row) => { name: JobName | undefined; id: string }[];
  /** Gives it a job of another id, unless somebody else was first. */
  restart: (row: Row) => Promise<void>;
}

/**
 * Rows are the truth about what is to be done, and queues may lose their jobs: emptied, restored from yesterday, or after
 * tries that the row does not know of. What no queue remembers is started again here, whatever the feature.
 */
@Injectable()
export class UnfinishedWork {
  private readonly kinds = new Map<string, Unfinished<{ id: string }>>();
  /** Where a kind goes on that was not looked through in one run. */
  private readonly reached = new Map<string, string | undefined>();
  private isRunning = false;

  constructor(
    private readonly em: EntityManager,
    private readonly jobs: Jobs,
  ) {}

  /** @param what for messages */
  watch<Row extends { id: string }>(what: string, unfinished: Unfinished<Row>): void {
    this.kinds.set(what, unfinished as unknown as Unfinished<{ id: string }>);
  }

  /** One kind that fails keeps none of the others from being looked at. */
  @OnJob('unfinished.sweep')
  async sweep(_payload: object, { signal }: JobContext): Promise<void> {
    // It comes back before a long run is over.
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
    if (errors.length) throw new AggregateError(errors, 'Some unfinished work was not looked through');
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
