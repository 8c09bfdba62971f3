import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';

/** Medias per transaction. */
const slice = 500;

/**
 * Adds the likes and views of medias to their owners' counters, in batches: if each like updated its owner's row, it
 * would wait for every other like, follow and upload of that owner.
 */
@Injectable()
export class OwnerCountsJobs {
  constructor(private readonly em: EntityManager) {}

  @OnJob('owners.count')
  async count(_payload: object, { signal }: JobContext): Promise<void> {
    while ((await this.carry()) === slice) signal.throwIfAborted();
  }

  /**
   * Updates the owner's counter and the carried count in one transaction.
   * @returns the number of medias
   */
  private carry(): Promise<number> {
    return this.em.transactional(async (em) => {
      const medias = await sql<{ id: string }>`
        select id from medias where likes_count <> likes_carried or views_count <> views_carried
        order by id limit ${slice} for no key update skip locked`.all(em);
      if (!medias.length) return 0;
      const ids = medias.map(({ id }) => id);
      await sql`
        select 1 from users where id in (select owner_id from medias where id = any(${ids}::uuid[]))
        order by id for no key update`.all(em);
      await sql`
        with carried as (
          update medias set likes_carried = likes_count, views_carried = views_count where id = any(${ids}::uuid[])
          returning owner_id, new.likes_carried - old.likes_carried as likes, new.views_carried - old.views_carried as views)
        update users u set likes_received_count = u.likes_received_count + c.likes, views_count = u.views_count + c.views
        from (select owner_id, sum(likes)::int as likes, sum(views)::int as views from carried group by owner_id) c
        where u.id = c.owner_id`.all(em);
      return medias.length;
    });
  }
}
