import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { BuildingService, maxEntries, turnOf } from './building.service.js';
import { WritingService } from './writing.service.js';

/** Readers per statement. */
const slice = 200;
/** Trimmed down to `maxEntries` when it has so many more. */
const spare = sql.raw('500');

/** Keeps what is written in advance small. Nothing here changes an answer. */
@Injectable()
export class SweepingService {
  constructor(
    private readonly em: EntityManager,
    private readonly building: BuildingService,
    private readonly writing: WritingService,
  ) {}

  async sweep(signal: AbortSignal): Promise<void> {
    await this.writeLate(signal);
    for (;;) {
      const readers = await sql<{ id: string; isAway: boolean }>`
        update feed_readers set swept_at = now() where reader_id in (
          select reader_id from feed_readers where swept_at < now() - interval '1 day' order by swept_at limit ${slice} for update skip locked)
        returning reader_id as id, seen_at < now() - interval '30 days' as "isAway"`.all(this.em);
      for (const { id, isAway } of readers) {
        signal.throwIfAborted();
        await (isAway ? this.forget(id) : this.trim(id));
      }
      if (readers.length < slice) return;
    }
  }

  /** Activities whose jobs were given up. Until they are written, each reader merges them. */
  private async writeLate(signal: AbortSignal): Promise<void> {
    const late = await sql<{ mediaId: string; actorId: string; verb: 'post' | 'repost' }>`
      select media_id as "mediaId", actor_id as "actorId", verb from activities
      where fanout = 'pending' and created_at < now() - interval '1 hour' order by created_at limit ${slice}`.all(
      this.em,
    );
    for (const { mediaId, actorId, verb } of late) {
      let after: string | undefined;
      do {
        signal.throwIfAborted();
        after = await this.writing.write(mediaId, actorId, verb, after);
      } while (after !== undefined);
    }
  }

  /** Of somebody who stays away nothing is written. The floor goes first: without it no reader trusts the rest. */
  private async forget(readerId: string): Promise<void> {
    await this.em.transactional(async (em) => {
      await turnOf(readerId).all(em);
      await sql`delete from feed_entries where reader_id = ${readerId}`.all(em);
      await sql`delete from feed_readers where reader_id = ${readerId}`.all(em);
    });
  }

  private async trim(readerId: string): Promise<void> {
    await this.em.transactional(async (em) => {
      await turnOf(readerId).all(em);
      await sql`
        delete from feed_entries e where e.reader_id = ${readerId} and e.floor is null
          and not exists (select from activities a where a.seq = e.seq)`.all(em);
      const [lowest] = await sql<{ seq: string }>`
        select (select seq from feed_entries where reader_id = ${readerId} order by seq desc offset ${maxEntries - 1} limit 1) as seq
        from feed_entries where reader_id = ${readerId} order by seq desc offset ${maxEntries} + ${spare} limit 1`.all(
        em,
      );
      if (!lowest) return;
      await this.building.setFloor(em, readerId, lowest.seq);
      await sql`delete from feed_entries where reader_id = ${readerId} and seq < ${lowest.seq}`.all(em);
    });
  }
}
