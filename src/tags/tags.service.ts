import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';

/** Tags of a media. Every method runs in the caller's transaction, which has locked the media's row. */
@Injectable()
export class TagsService {
  async set(em: EntityManager, mediaId: string, names: string[]): Promise<void> {
    await em.execute(
      `delete from media_tags mt using tags t where t.id = mt.tag_id and mt.media_id = ? and not (t.name = any(?::text[]))`,
      [mediaId, asArray(names)],
    );
    for (const name of names) await this.add(em, mediaId, name);
  }

  /** @returns whether it is new on this media */
  async add(em: EntityManager, mediaId: string, name: string): Promise<boolean> {
    await em.execute('insert into tags (name) values (?) on conflict (name) do nothing', [name]);
    const added = await em.execute<{ tag_id: string }[]>(
      `insert into media_tags (media_id, tag_id, created_at) select ?, id, clock_timestamp() from tags where name = ?
       on conflict do nothing returning tag_id`,
      [mediaId, name],
    );
    return added.length > 0;
  }

  async remove(em: EntityManager, mediaId: string, name: string): Promise<void> {
    await em.execute(
      'delete from media_tags mt using tags t where t.id = mt.tag_id and mt.media_id = ? and t.name = ?',
      [mediaId, name],
    );
  }
}

/** A PostgreSQL array literal; tag names hold no quotes, commas or backslashes. */
const asArray = (names: string[]) => `{${names.join()}}`;
