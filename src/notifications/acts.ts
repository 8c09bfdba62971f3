import { sql, type Statement } from '../platform/database/sql.js';
import { dislike, like } from '../reactions/reactions.schemas.js';

/** One thing that somebody did. Without an actor all entries of the subject are compared. */
export interface Act {
  subjectId: string;
  actorId?: string;
}

/**
 * One kind of act, and who is to be notified of it: according to the rows now, not when the events were recorded.
 * `acts` stands for rows `k (subject_id, actor_id)`.
 */
export interface ActKind {
  name: 'reaction' | 'comment_reaction' | 'comment' | 'follow' | 'repost' | 'mention' | 'file' | 'message';
  /** Locks rows that must not change meanwhile, in the lock order of all code: see MediaAccess. */
  hold: (acts: Statement) => Statement[];
  /** Rows of subject_id, user_id, actor_id, kind, media_id, comment_id, file_id, emoji. */
  desired: (acts: Statement) => Statement;
}

const none = sql`null::uuid`;
const noEmoji = sql`null::text as emoji`;
const medias = (acts: Statement) =>
  sql`select 1 from medias where id in (select k.subject_id from ${acts}) order by id for key share`;
const mediasOf = (acts: Statement) => sql`
  select 1 from medias where id in (select c.media_id from ${acts} join comments c on c.id = k.subject_id)
  order by id for key share`;

export const reaction: ActKind = {
  name: 'reaction',
  hold: (acts) => [
    medias(acts),
    sql`select 1 from ${acts} join reactions r on r.media_id = k.subject_id and r.user_id = k.actor_id for share of r`,
  ],
  desired: (acts) => sql`
    select m.id as subject_id, m.owner_id as user_id, r.user_id as actor_id,
      case r.emoji when ${like} then 'like' when ${dislike} then 'dislike' else 'reaction' end as kind,
      m.id as media_id, ${none} as comment_id, ${none} as file_id, r.emoji
    from ${acts}
    join reactions r on r.media_id = k.subject_id and r.user_id = k.actor_id
    join medias m on m.id = r.media_id`,
};

export const commentReaction: ActKind = {
  name: 'comment_reaction',
  hold: (acts) => [
    mediasOf(acts),
    // A concurrent deletion of the comment waits for this lock, and is reconciled afterwards.
    sql`select 1 from comments where id in (select k.subject_id from ${acts}) order by id for key share`,
    sql`
      select 1 from ${acts} join comment_reactions r on r.comment_id = k.subject_id and r.user_id = k.actor_id
      for share of r`,
  ],
  desired: (acts) => sql`
    select c.id as subject_id, c.author_id as user_id, r.user_id as actor_id, 'comment_reaction' as kind, c.media_id,
      c.id as comment_id, ${none} as file_id, r.emoji
    from ${acts}
    join comment_reactions r on r.comment_id = k.subject_id and r.user_id = k.actor_id
    join comments c on c.id = r.comment_id
    where c.author_id is not null`,
};

/** Each user is notified of a comment once: as a reply, else as a comment on their media, else as a mention. */
export const comment: ActKind = {
  name: 'comment',
  hold: (acts) => [
    mediasOf(acts),
    sql`select 1 from comments where id in (select k.subject_id from ${acts}) order by id for share`,
  ],
  desired: (acts) => sql`
    select distinct on (c.id, told.user_id) c.id as subject_id, told.user_id, c.author_id as actor_id, told.kind,
      c.media_id, c.id as comment_id, ${none} as file_id, ${noEmoji}
    from ${acts}
    join comments c on c.id = k.subject_id
    join medias m on m.id = c.media_id
    cross join lateral (
      select p.author_id as user_id, 'reply' as kind, 1 as place from comments p
      where p.id = c.parent_id and p.author_id is not null
      union all select m.owner_id, 'comment', 2
      union all select cm.user_id, 'mention_in_comment', 3 from comment_mentions cm where cm.comment_id = c.id) told
    where c.deleted_at is null
    order by c.id, told.user_id, told.place`,
};

export const follow: ActKind = {
  name: 'follow',
  hold: (acts) => [
    sql`
      select 1 from ${acts} join follows f on f.follower_id = k.actor_id and f.followee_id = k.subject_id
      for share of f`,
  ],
  desired: (acts) => sql`
    select f.followee_id as subject_id, f.followee_id as user_id, f.follower_id as actor_id,
      case when f.accepted_at is null then 'follow_request' else 'follow' end as kind,
      ${none} as media_id, ${none} as comment_id, ${none} as file_id, ${noEmoji}
    from ${acts}
    join follows f on f.follower_id = k.actor_id and f.followee_id = k.subject_id`,
};

export const repost: ActKind = {
  name: 'repost',
  hold: (acts) => [
    medias(acts),
    sql`select 1 from ${acts} join reposts r on r.media_id = k.subject_id and r.user_id = k.actor_id for share of r`,
  ],
  desired: (acts) => sql`
    select m.id as subject_id, m.owner_id as user_id, r.user_id as actor_id, 'repost' as kind, m.id as media_id,
      ${none} as comment_id, ${none} as file_id, ${noEmoji}
    from ${acts}
    join reposts r on r.media_id = k.subject_id and r.user_id = k.actor_id
    join medias m on m.id = r.media_id`,
};

/** Users mentioned in a media's text, once it is published. */
export const mention: ActKind = {
  name: 'mention',
  hold: (acts) => [
    sql`select 1 from medias where id in (select k.subject_id from ${acts}) order by id for share`,
    sql`
      select 1 from media_mentions where media_id in (select k.subject_id from ${acts})
      order by media_id, user_id for share`,
  ],
  desired: (acts) => sql`
    select m.id as subject_id, mm.user_id, m.owner_id as actor_id, 'mention_in_media' as kind, m.id as media_id,
      ${none} as comment_id, ${none} as file_id, ${noEmoji}
    from ${acts}
    join media_mentions mm on mm.media_id = k.subject_id
    join medias m on m.id = mm.media_id
    where m.shown`,
};

/** A failed file, for its owner. */
export const failedFile: ActKind = {
  name: 'file',
  hold: (acts) => [sql`select 1 from files where id in (select k.subject_id from ${acts}) order by id for share`],
  desired: (acts) => sql`
    select f.id as subject_id, f.owner_id as user_id, ${none} as actor_id, 'processing_failed' as kind,
      ${none} as media_id, ${none} as comment_id, f.id as file_id, ${noEmoji}
    from ${acts}
    join files f on f.id = k.subject_id
    where f.status = 'failed'`,
};

/** Somebody wrote, and it stays unread: one entry per chat, until it is read. */
export const message: ActKind = {
  name: 'message',
  hold: (acts) => [
    sql`
      select 1 from chat_members where chat_id in (select k.subject_id from ${acts})
      order by chat_id, user_id for share`,
  ],
  desired: (acts) => sql`
    select me.chat_id as subject_id, me.user_id, me.partner_id as actor_id, 'message' as kind,
      ${none} as media_id, ${none} as comment_id, ${none} as file_id, ${noEmoji}
    from ${acts}
    join chat_members me on me.chat_id = k.subject_id
    where me.is_told and me.partner_id is not null`,
};
