import { sql, type Statement } from '../platform/database/sql.js';
import { commentVisibleTo } from '../visibility/comments.js';
import { visibleTo } from '../visibility/medias.js';
import type { ViewerId } from '../visibility/relations.js';
import type { EventOf } from '../platform/events/events.js';
import type { ProblemCode } from '../platform/http/problem-codes.js';

interface Target {
  reactions: 'reactions' | 'comment_reactions';
  /** Column of the thing's id in `reactions`. */
  key: 'media_id' | 'comment_id';
  table: 'medias' | 'comments';
  /** The thing's media, of `t`. */
  mediaId: Statement<string>;
  missing: ProblemCode;
  /** `from … where …` of the thing `t` and its media `m`, if the viewer may see them. */
  seen: (viewer: ViewerId, url: string) => Statement<unknown>;
  /** The same, also if the viewer may no longer see it but has reacted to it. */
  reactedTo: (viewer: string, url: string) => Statement<unknown>;
  /** Rows to lock while something is attached to the thing: the media's first (see MediaAccess). */
  hold: Statement<unknown>;
  event: 'reaction.changed' | 'comment.reaction.changed';
  payloadOf: (id: string, userId: string) => EventOf<'reaction.changed'> | EventOf<'comment.reaction.changed'>;
}

/** What can be reacted to. */
export const targets = {
  media: {
    reactions: 'reactions',
    key: 'media_id',
    table: 'medias',
    mediaId: sql`t.id`,
    missing: 'media_not_found',
    seen: (viewer, url) => sql`from medias t where t.url = ${url} and ${visibleTo(viewer, 't')}`,
    reactedTo: (viewer, url) => sql`from medias t where t.url = ${url} and (${visibleTo(viewer, 't')}
      or exists (select 1 from reactions r where r.media_id = t.id and r.user_id = ${viewer}))`,
    hold: sql`t`,
    event: 'reaction.changed',
    payloadOf: (mediaId, userId) => ({ mediaId, userId }),
  },
  comment: {
    reactions: 'comment_reactions',
    key: 'comment_id',
    table: 'comments',
    mediaId: sql`t.media_id`,
    missing: 'comment_not_found',
    seen: (viewer, url) => sql`from medias m join comments t on t.media_id = m.id
      where t.url = ${url} and t.deleted_at is null and ${commentVisibleTo(viewer, 't')}`,
    reactedTo: (viewer, url) => sql`from medias m join comments t on t.media_id = m.id
      where t.url = ${url} and ((t.deleted_at is null and ${commentVisibleTo(viewer, 't')})
        or exists (select 1 from comment_reactions r where r.comment_id = t.id and r.user_id = ${viewer}))`,
    hold: sql`m, t`,
    event: 'comment.reaction.changed',
    payloadOf: (commentId, userId) => ({ commentId, userId }),
  },
} satisfies Record<string, Target>;

export type TargetName = keyof typeof targets;
