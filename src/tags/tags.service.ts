import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { read } from '../mentions/texts.js';
import { amounts } from '../platform/limits/amounts.js';
import { Problem } from '../platform/http/problems.js';
import { sql } from '../platform/database/sql.js';

/** A tag of a media: added by its owner (`explicit`), found in the text, or both. */
interface TagState {
  name: string;
  explicit: boolean;
  inText: boolean;
}

/** Tags of a media. Every method runs in the caller's transaction, which has locked the media's row. */
@Injectable()
export class TagsService {
  /** @param names the owner's tags; without them, only the text has changed */
  async set(em: EntityManager, mediaId: string, names?: string[]): Promise<void> {
    await this.write(em, mediaId, (given) => names ?? given);
  }

  /**
   * @returns whether the owner had not added it before
   * @throws {Problem} `validation_failed` at the maximum
   */
  async add(em: EntityManager, mediaId: string, name: string): Promise<boolean> {
    let isNew = false;
    await this.write(em, mediaId, (given) => {
      if (given.includes(name)) return given;
      if (given.length >= amounts.tags.max) {
        throw new Problem('validation_failed', {
          errors: [{ pointer: '/name', message: `a media has at most ${amounts.tags.max} tags` }],
        });
      }
      isNew = true;
      return [...given, name];
    });
    return isNew;
  }

  /** A tag that is in the text stays. */
  async remove(em: EntityManager, mediaId: string, name: string): Promise<void> {
    await this.write(em, mediaId, (given) => given.filter((one) => one !== name));
  }

  /** The owner's tags come first; tags from the text fill the remaining places. */
  private async write(em: EntityManager, mediaId: string, change: (given: string[]) => string[]): Promise<void> {
    const [media] = await sql<{ title: string; description: string; tags: TagState[] }>`
      select m.title, m.description, (select coalesce(json_agg(json_build_object('name', t.name, 'explicit',
        mt.explicit, 'inText', mt.in_text)
          order by mt.created_at, t.name), '[]') from media_tags mt join tags t on t.id = mt.tag_id
            where mt.media_id = m.id) as tags
      from medias m where m.id = ${mediaId}`.all(em);
    const { title, description, tags: before } = media!;
    const given = new Set(change(before.filter(({ explicit }) => explicit).map(({ name }) => name)));
    const said = new Set(read(title, description).tags);
    const after = [...new Set([...given, ...said])]
      .slice(0, amounts.tags.max)
      .map((name): TagState => ({ name, explicit: given.has(name), inText: said.has(name) }));
    const key = (tags: TagState[]) => JSON.stringify(tags.map((tag) => Object.values(tag)).toSorted());
    if (key(before) !== key(after)) await this.replace(em, mediaId, after);
  }

  /**
   * Runs few statements, however many tags there are. New names are inserted in sorted order, or two users' lists could
   * deadlock.
   */
  private async replace(em: EntityManager, mediaId: string, tags: TagState[]): Promise<void> {
    const names = tags.map(({ name }) => name);
    const isThere = async (): Promise<boolean> => {
      await sql`
        insert into tags (name) select n from unnest(${names}::text[]) n order by n
          on conflict do nothing`.all(em);
      // Their counters change: lock all of them in one order.
      const held = await sql<{ wanted: boolean }>`
        select name = any(${names}::text[]) as wanted from tags
        where name = any(${names}::text[]) or id in (select tag_id from media_tags where media_id = ${mediaId})
          order by id for no key update`.all(em);
      return held.filter(({ wanted }) => wanted).length === tags.length;
    };
    // An unused tag may have been swept between the two statements.
    while (!(await isThere()));
    await sql`
      delete from media_tags mt using tags t where t.id = mt.tag_id and mt.media_id = ${mediaId}
        and not (t.name = any(${names}::text[]))`.all(em);
    const [explicit, inText] = [tags.map((tag) => tag.explicit), tags.map((tag) => tag.inText)];
    await sql`
      insert into media_tags (media_id, tag_id, explicit, in_text, created_at)
      select ${mediaId}, t.id, n.explicit, n.in_text, now() + n.place * interval '1 microsecond'
      from unnest(${names}::text[], ${explicit}::bool[], ${inText}::bool[]) with ordinality n (name, explicit, in_text, place)
      join tags t on t.name = n.name
      on conflict (media_id, tag_id) do update set explicit = excluded.explicit, in_text = excluded.in_text`.all(em);
  }
}
