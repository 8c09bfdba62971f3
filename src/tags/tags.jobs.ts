import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { sql } from '../platform/database/sql.js';

const slice = 1_000;

@Injectable()
export class TagsJobs {
  constructor(private readonly em: EntityManager) {}

  /** Deletes tags without any media, public or not: each change of a media may leave thirty behind. */
  @OnJob('tags.sweep')
  async sweep(_payload: object, { signal }: JobContext): Promise<void> {
    while ((await this.sweepSome()) === slice) signal.throwIfAborted();
  }

  private sweepSome(): Promise<number> {
    return this.em.transactional(async (em) => {
      const unused = await sql<{ id: string }>`
        select id from tags t where created_at < now() - interval '10 minutes'
          and not exists (select 1 from media_tags mt where mt.tag_id = t.id)
        order by id limit ${slice} for update skip locked`.all(em);
      // A separate statement: locked tags can't be used meanwhile, and it sees those that were used before.
      await sql`
        delete from tags t where id = any(${unused.map(({ id }) => id)}::uuid[]) and not exists (select 1
          from media_tags mt where mt.tag_id = t.id)`.all(em);
      return unused.length;
    });
  }
}
