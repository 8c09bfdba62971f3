import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Problem } from '../platform/http/problems.js';
import { maxTags } from './tags.schemas.js';

/** Tags of a media. Every method runs in the caller's transaction, which has locked the media's row. */
@Injectable()
export class TagsService {
  /** In a few statements however many there are. New names go in in their own order, or two users' lists could deadlock. */
  async set(em: EntityManager, mediaId: string, names: string[]): Promise<void> {
    const list = asArray(names);
    await this.create(em, list);
    // Their counters move, for all of them in one order.
    await em.execute(
      `select 1 from tags where name = any(?::text[]) or id in (select tag_id from media_tags where media_id = ?)
       order by id for no key update`,
      [list, mediaId],
    );
    await em.execute(
      'delete from media_tags mt using tags t where t.id = mt.tag_id and mt.media_id = ? and not (t.name = any(?::text[]))',
      [mediaId, list],
    );
    await this.insert(em, mediaId, list);
  }

  /**
   * @returns whether it is new on this media
   * @throws {Problem} `validation_failed` where it has as many as it may have
   */
  async add(em: EntityManager, mediaId: string, name: string): Promise<boolean> {
    const [has] = await em.execute<{ this: boolean; all: number }[]>(
      `select count(*)::int as all, coalesce(bool_or(t.name = ?), false) as this
       from media_tags mt join tags t on t.id = mt.tag_id where mt.media_id = ?`,
      [name, mediaId],
    );
    if (has?.this) return false;
    if (has && has.all >= maxTags) {
      throw new Problem('validation_failed', {
        errors: [{ pointer: '/name', message: `a media has at most ${maxTags} tags` }],
      });
    }
    await this.create(em, asArray([name]));
    return (await this.insert(em, mediaId, asArray([name]))) > 0;
  }

  async remove(em: EntityManager, mediaId: string, name: string): Promise<void> {
    await em.execute(
      'delete from media_tags mt using tags t where t.id = mt.tag_id and mt.media_id = ? and t.name = ?',
      [mediaId, name],
    );
  }

  private async create(em: EntityManager, list: string): Promise<void> {
    await em.execute(
      'insert into tags (name) select distinct n from unnest(?::text[]) n order by n on conflict do nothing',
      [list],
    );
  }

  /** @returns how many are new on this media */
  private async insert(em: EntityManager, mediaId: string, list: string): Promise<number> {
    const added = await em.execute<unknown[]>(
      `insert into media_tags (media_id, tag_id, created_at)
       select ?, t.id, now() + n.place * interval '1 microsecond'
       from unnest(?::text[]) with ordinality n (name, place) join tags t on t.name = n.name
       on conflict do nothing returning 1`,
      [mediaId, list],
    );
    return added.length;
  }
}

/** A PostgreSQL array literal. Tag names hold no quotes or backslashes; unquoted, `null` would not be a name. */
const asArray = (names: string[]) => `{${names.map((name) => `"${name}"`).join()}}`;
