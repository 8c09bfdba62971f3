import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { KeyKind, Keyset } from '../platform/database/keyset.js';
import { MediaReader } from './media-reader.service.js';
import type { ListQuery, sorts } from './media.schemas.js';
import { listedFor, type ViewerId } from './visibility.js';

type Sort = (typeof sorts)[number];

const order = (name: Sort, column: string | null, direction: Keyset['direction']): Keyset => ({
  name,
  columns: [...(column ? [[sql.ref(column), 'int' as KeyKind] as const] : []), [sql.ref('m.id'), 'uuid']],
  direction,
});
const orders: Record<Sort, Keyset> = {
  newest: order('newest', null, 'desc'),
  oldest: order('oldest', null, 'asc'),
  'most-viewed': order('most-viewed', 'm.views_count', 'desc'),
  'least-viewed': order('least-viewed', 'm.views_count', 'asc'),
  'most-liked': order('most-liked', 'm.likes_count', 'desc'),
};

/** The list of all medias, or of a user's. */
@Injectable()
export class MediaQueries {
  constructor(private readonly reader: MediaReader) {}

  list(viewer: ViewerId, { type, username, tag, sort, limit, cursor }: ListQuery) {
    const where = [listedFor(viewer, username !== undefined)];
    if (type !== 'any') where.push(sql`m.type = ${type}`);
    if (username === 'me') where.push(sql`m.owner_id = ${viewer}`);
    else if (username !== undefined)
      where.push(sql`m.owner_id = (select id from users where lower(username) = lower(${username}))`);
    if (tag !== undefined) {
      where.push(
        sql`exists (select 1 from media_tags mt join tags t on t.id = mt.tag_id where t.name = ${tag} and mt.media_id = m.id)`,
      );
    }
    return this.reader.page(viewer, { keyset: orders[sort], where }, { limit, cursor });
  }
}
