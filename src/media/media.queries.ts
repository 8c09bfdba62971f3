import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql, type Kysely, type RawBuilder } from 'kysely';
import { z } from 'zod';
import { decodeCursor, encodeCursor, toPage } from '../platform/http/page.js';
import type { ListQuery, MediaView, sorts } from './media.schemas.js';
import { MediaViews, type MediaRow } from './media.view.js';
import { isOpen, listedFor, visibleTo, type ViewerId } from './visibility.js';

/** Everything a media shows, as columns of `m` (medias) and `u` (its owner). One statement whatever the page. */
const columns = sql`
  m.id, m.url, m.type, m.title, m.description, m.visibility, m.status, m.created_at as "createdAt", m.updated_at as "updatedAt",
  ${isOpen()} as open, u.username, u.display_name as "displayName", u.profile_photo_id as "profilePhotoId",
  json_build_object('views', m.views_count, 'likes', m.likes_count, 'dislikes', m.dislikes_count,
    'comments', m.comments_count, 'reposts', m.reposts_count, 'saves', m.saves_count) as counts,
  array(select t.name from media_tags mt join tags t on t.id = mt.tag_id where mt.media_id = m.id order by mt.created_at, t.name) as tags,
  (select coalesce(json_agg(json_build_object('url', f.url, 'kind', f.kind, 'status', f.status, 'progress', f.progress,
      'width', f.width, 'height', f.height, 'durationMs', f.duration_ms, 'placeholder', coalesce(f.picture->>'placeholder', f.placeholder), 'color', coalesce(f.picture->>'color', f.color),
      'facts', f.facts, 'failureCode', f.failure_code,
      'renditions', (select coalesce(json_agg(json_build_object('role', r.role, 'version', right(r.id::text, 8), 'name', r.name, 'mimeType', r.mime_type, 'width', r.width,
          'height', r.height, 'bitrate', r.bitrate, 'bytes', r.bytes,
          'label', r.facts->>'label') order by r.role, r.width nulls last,
          array_position(array['thumb', 'small', 'medium', 'large', 'original'], r.name::text), r.bytes), '[]')
        from renditions r where r.file_id = f.id)) order by mf.position), '[]')
    from media_files mf join files f on f.id = mf.file_id where mf.media_id = m.id) as files`;

interface Sort {
  order: RawBuilder<unknown>;
  /** Rows after the given key. */
  after: (key: never) => RawBuilder<boolean>;
  key: z.ZodTuple;
  keyOf: (row: MediaRow) => (string | number)[];
}
const byTime = (direction: 'asc' | 'desc'): Sort => ({
  order: sql`m.id ${sql.raw(direction)}`,
  after: ([id]: [string]) => sql<boolean>`m.id ${sql.raw(direction === 'desc' ? '<' : '>')} ${id}`,
  key: z.tuple([z.uuid()]),
  keyOf: ({ id }) => [id],
});
const byCount = (count: 'views' | 'likes', direction: 'asc' | 'desc'): Sort => {
  const column = sql.ref(`m.${count}_count`);
  const compare = sql.raw(direction === 'desc' ? '<' : '>');
  return {
    order: sql`${column} ${sql.raw(direction)}, m.id ${sql.raw(direction)}`,
    after: ([value, id]: [number, string]) => sql<boolean>`(${column}, m.id) ${compare} (${value}::int, ${id}::uuid)`,
    key: z.tuple([z.int32(), z.uuid()]),
    keyOf: ({ counts, id }) => [counts[count], id],
  };
};
const orders: Record<(typeof sorts)[number], Sort> = {
  newest: byTime('desc'),
  oldest: byTime('asc'),
  'most-viewed': byCount('views', 'desc'),
  'least-viewed': byCount('views', 'asc'),
  'most-liked': byCount('likes', 'desc'),
};

@Injectable()
export class MediaQueries {
  constructor(
    private readonly em: EntityManager,
    private readonly views: MediaViews,
  ) {}

  async byUrl(viewer: ViewerId, url: string): Promise<MediaView | null> {
    const { rows } = await sql<MediaRow>`
      select ${columns} from medias m join users u on u.id = m.owner_id where m.url = ${url} and ${visibleTo(viewer)}`.execute(
      this.db,
    );
    return rows[0] ? this.views.of(rows[0], viewer) : null;
  }

  async list(viewer: ViewerId, { type, username, tag, sort, limit, cursor }: ListQuery) {
    const { order, after, key, keyOf } = orders[sort];
    const start = decodeCursor(cursor, sort, key);
    const conditions = [listedFor(viewer, username !== undefined)];
    if (type !== 'any') conditions.push(sql`m.type = ${type}`);
    if (username === 'me') conditions.push(sql`m.owner_id = ${viewer}`);
    else if (username !== undefined)
      conditions.push(sql`m.owner_id = (select id from users where lower(username) = lower(${username}))`);
    if (tag !== undefined) {
      conditions.push(
        sql`exists (select 1 from media_tags mt join tags t on t.id = mt.tag_id where t.name = ${tag} and mt.media_id = m.id)`,
      );
    }
    if (start) conditions.push(after(start as never));
    const { rows } = await sql<MediaRow>`
      select ${columns} from medias m join users u on u.id = m.owner_id where ${sql.join(conditions, sql` and `)}
      order by ${order} limit ${limit + 1}`.execute(this.db);
    return toPage(
      rows,
      limit,
      (row) => encodeCursor(sort, keyOf(row)),
      (row) => this.views.of(row, viewer),
    );
  }

  private get db(): Kysely<unknown> {
    return this.em.getKysely<unknown>();
  }
}
