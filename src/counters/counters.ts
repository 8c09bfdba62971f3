import { sql, type Statement } from '../platform/database/sql.js';
import { isCharged } from '../files/rendition.entity.js';
import { dislike, like } from '../reactions/reactions.schemas.js';

/** The counters of one table, each with what it counts. */
export interface Counters {
  table: string;
  /** The column by which people know a row. */
  name: string;
  /** By column: a scalar subquery on the row `t`. */
  counts: Record<string, Statement>;
}

const reacted = (to: 'media' | 'comment', table: string) => {
  const count = (emoji?: string) =>
    sql`select count(*) from ${sql.ident(table)} r where ${sql.ident('r', `${to}_id`)} = t.id and r.is_counted and ${emoji ? sql`r.emoji = ${emoji}` : sql`true`}`;
  return { likes_count: count(like), dislikes_count: count(dislike), reactions_count: count() };
};
const of = (table: string, condition: Statement) => sql`select count(*) from ${sql.ident(table)} x where ${condition}`;
const medias = (...types: string[]) =>
  of('medias', sql`x.owner_id = t.id and x.type in (${sql.join(types)}) and is_counted(x)`);

/** Every stored counter, and the stored bytes. */
export const counters: readonly Counters[] = [
  {
    table: 'comments',
    name: 'url',
    counts: {
      ...reacted('comment', 'comment_reactions'),
      replies_count: of('comments', sql`x.parent_id = t.id and is_listed(x)`),
    },
  },
  {
    table: 'medias',
    name: 'url',
    counts: {
      ...reacted('media', 'reactions'),
      comments_count: of('comments', sql`x.media_id = t.id and is_said(x)`),
      reposts_count: of('reposts', sql`x.media_id = t.id and x.is_counted`),
      saves_count: of('saves', sql`x.media_id = t.id`),
      views_count: sql`select coalesce(sum(d.views), 0) from media_view_days d where d.media_id = t.id`,
    },
  },
  {
    table: 'playlists',
    name: 'url',
    counts: { items_count: of('playlist_items', sql`x.playlist_id = t.id and x.is_counted`) },
  },
  {
    table: 'tags',
    name: 'name',
    counts: {
      medias_count: sql`select count(*) from media_tags mt join medias m on m.id = mt.media_id where mt.tag_id = t.id and is_open(m)`,
    },
  },
  {
    table: 'notifications',
    name: 'kind',
    counts: { actors_count: of('notification_entries', sql`x.notification_id = t.id`) },
  },
  {
    table: 'users',
    name: 'username',
    counts: {
      followers_count: of('follows', sql`x.followee_id = t.id and x.accepted_at is not null and x.is_counted`),
      followings_count: of('follows', sql`x.follower_id = t.id and x.accepted_at is not null and x.is_counted`),
      photos_count: medias('photo'),
      videos_count: medias('video', 'reel'),
      musics_count: medias('music'),
      // Counts not yet carried to the owner are no error (owner-counts.jobs.ts).
      views_count: sql`select coalesce(sum(m.views_carried), 0) from medias m where m.owner_id = t.id`,
      likes_received_count: sql`select coalesce(sum(m.likes_carried), 0) from medias m where m.owner_id = t.id`,
      storage_bytes: sql`select coalesce(sum(f.bytes + (select coalesce(sum(r.bytes), 0) from renditions r
        where r.file_id = f.id and ${isCharged})), 0) from files f where f.owner_id = t.id`,
      derived_bytes: sql`select coalesce(sum(r.bytes), 0) from renditions r join files f on f.id = r.file_id
        where f.owner_id = t.id and not ${isCharged}`,
    },
  },
];
