import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { sql } from '../database/sql.js';
import { Jobs } from '../queue/jobs.service.js';
import { UnfinishedWork } from '../queue/unfinished-work.js';
import { jobIdOf, subscriberOf, removeFromWaiting } from './outbox-jobs.js';

/** After so many the cause is not a lossy queue. */
const maxRescues = 5;

interface Waiting {
  /** Job id. */
  id: string;
  eventIds: string[];
  rescues: number;
}

/** Gives new jobs to events whose jobs no queue knows any more (it was emptied, or lost its last second). */
@Injectable()
export class LostDeliveries implements OnModuleInit {
  private readonly logger = new Logger('Events');

  constructor(
    private readonly em: EntityManager,
    private readonly jobs: Jobs,
    private readonly unfinished: UnfinishedWork,
  ) {}

  onModuleInit(): void {
    this.unfinished.watch<Waiting>('events', {
      silent: (limit, after) => sql<Waiting>`
        select job as id, array_agg(e.id) as "eventIds", max(e.rescues) as rescues
        from outbox_events e, unnest(e.waiting) as job
        where e.waiting <> '{}' and e.dispatched_at < now() - interval '45 seconds' and job > ${after ?? ''}
        group by job order by job limit ${limit}`,
      jobs: ({ id }) => [{ name: subscriberOf(id), id }],
      restart: (waiting) => this.restart(waiting),
    });
  }

  private async restart({ id, eventIds, rescues }: Waiting): Promise<void> {
    const name = subscriberOf(id);
    if (!name) {
      this.logger.warn(
        { job: id, events: eventIds.length },
        'job of another version, left to a worker of that version',
      );
      return;
    }
    if (rescues >= maxRescues) {
      this.logger.error({ job: id, events: eventIds.length }, 'events given up: their jobs were lost too often');
      await removeFromWaiting(eventIds, id).all(this.em);
      return;
    }
    const again = jobIdOf(name, eventIds, `${id} ${rescues}`);
    const rows = await sql<{ id: string }>`
      update outbox_events set waiting = array_replace(waiting, ${id}, ${again}), rescues = rescues + 1
      where id = any(${eventIds}::uuid[]) and ${id} = any(waiting) returning id`.all(this.em);
    if (!rows.length) return;
    this.logger.warn({ job: id, events: rows.length }, 'job lost by the queue, started again');
    await this.jobs.addAll([{ name, payload: { eventIds: rows.map((row) => row.id) }, id: again }]);
  }
}
