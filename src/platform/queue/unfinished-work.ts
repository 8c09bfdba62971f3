import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { Statement } from '../database/sql.js';
import { Jobs } from './jobs.service.js';
import type { JobName } from './jobs.js';
import { OnJob, type JobContext } from './on-job.js';

const slice = 500;

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
    const errors: unknown[] = [];
    for (const [what, kind] of this.kinds) {
      try {
        await this.restartLost(kind, signal);
      } catch (error) {
        errors.push(new Error(`${what}: ${String(error)}`, { cause: error }));
      }
    }
    if (errors.length) throw new AggregateError(errors, 'Some unfinished work was not looked through');
  }

  private async restartLost(kind: Unfinished<{ id: string }>, signal: AbortSignal): Promise<void> {
    for (let after: string | undefined; ;) {
      const rows = await kind.silent(slice, after).all(this.em);
      for (const row of rows) {
        signal.throwIfAborted();
        if (!(await this.isPending(kind.jobs(row)))) await kind.restart(row);
      }
      if (rows.length < slice) return;
      after = rows.at(-1)!.id;
    }
  }

  private async isPending(candidates: { name: JobName | undefined; id: string }[]): Promise<boolean> {
    for (const { name, id } of candidates) if (name && (await this.jobs.isPending(name, id))) return true;
    return false;
  }
}
