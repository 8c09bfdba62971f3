import { sql, type Statement } from '../platform/database/sql.js';
import { dislike, like } from '../reactions/reactions.schemas.js';

/**
 * One thing that somebody did, and who is to be told of it: what the rows say now, whatever they said when the event was
 * recorded. Rows of `desired`: user_id, actor_id, kind, media_id, comment_id, file_id, emoji.
 */
export interface Act {
  name: 'reaction' | 'comment_reaction' | 'comment' | 'follow' | 'repost' | 'mention' | 'file';
  subjectId: string;
  /** Undefined where the act names nobody beforehand: all entries of the subject are compared. */
  actorId?: string;
  /** Rows that must not go or change while we look, in the order in which everybody locks: see MediaAccess. */
  hold: Statement<unknown>[];
  desired: Statement<unknown>;
}

const none = sql`null::uuid`;
const noEmoji = sql`null::text as emoji`;
const media = (id: string) => sql`select 1 from medias where id = ${id} for key share`;
const mediaOf = (commentId: string) =>
  sql`select 1 from medias where id = (select media_id from comments where id = ${commentId}) for key share`;

export const reaction = (mediaId: string, userId: string): Act => ({
  name: 'reaction',
  subjectId: mediaId,
  actorId: userId,
  hold: [media(mediaId), sql`select 1 from reactions where media_id = ${mediaId} and user_id = ${userId} for share`],
  desired: sql`
    select m.owner_id as user_id, r.user_id as actor_id,
      case r.emoji when ${like} then 'like' when ${dislike} then 'dislike' else 'reaction' end as kind,
      m.id as media_id, ${none} as comment_id, ${none} as file_id, r.emoji
    from reactions r join medias m on m.id = r.media_id where r.media_id = ${mediaId} and r.user_id = ${userId}`,
});

const reactedTo = (commentId: string, by: Statement<unknown>) => sql`
  select c.author_id as user_id, r.user_id as actor_id, 'comment_reaction' as kind, c.media_id, c.id as comment_id,
    ${none} as file_id, r.emoji
  from comment_reactions r join comments c on c.id = r.comment_id
  where r.comment_id = ${commentId} and ${by} and c.author_id is not null`;
// Who deletes a comment waits for this, and tells of it afterwards.
const heldComment = (id: string) => sql`select 1 from comments where id = ${id} for key share`;

export const commentReaction = (commentId: string, userId: string): Act => ({
  name: 'comment_reaction',
  subjectId: commentId,
  actorId: userId,
  hold: [
    mediaOf(commentId),
    heldComment(commentId),
    sql`select 1 from comment_reactions where comment_id = ${commentId} and user_id = ${userId} for share`,
  ],
  desired: reactedTo(commentId, sql`r.user_id = ${userId}`),
});

/** All of them, of a comment that was deleted. */
export const commentReactions = (commentId: string): Act => ({
  name: 'comment_reaction',
  subjectId: commentId,
  hold: [mediaOf(commentId), heldComment(commentId)],
  desired: reactedTo(commentId, sql`true`),
});

/** Each hears of a comment once: as an answer, else as a comment under their media, else because it names them. */
export const comment = (commentId: string): Act => ({
  name: 'comment',
  subjectId: commentId,
  hold: [mediaOf(commentId), sql`select 1 from comments where id = ${commentId} for share`],
  desired: sql`
    select distinct on (told.user_id) told.user_id, c.author_id as actor_id, told.kind, c.media_id, c.id as comment_id,
      ${none} as file_id, ${noEmoji}
    from comments c join medias m on m.id = c.media_id cross join lateral (
      select p.author_id as user_id, 'reply' as kind, 1 as place from comments p where p.id = c.parent_id and p.author_id is not null
      union all select m.owner_id, 'comment', 2
      union all select cm.user_id, 'mention_in_comment', 3 from comment_mentions cm where cm.comment_id = c.id) told
    where c.id = ${commentId} and c.deleted_at is null
    order by told.user_id, told.place`,
});

export const follow = (followerId: string, followeeId: string): Act => ({
  name: 'follow',
  subjectId: followeeId,
  actorId: followerId,
  hold: [sql`select 1 from follows where follower_id = ${followerId} and followee_id = ${followeeId} for share`],
  desired: sql`
    select f.followee_id as user_id, f.follower_id as actor_id,
      case when f.accepted_at is null then 'follow_request' else 'follow' end as kind,
      ${none} as media_id, ${none} as comment_id, ${none} as file_id, ${noEmoji}
    from follows f where f.follower_id = ${followerId} and f.followee_id = ${followeeId}`,
});

export const repost = (mediaId: string, userId: string): Act => ({
  name: 'repost',
  subjectId: mediaId,
  actorId: userId,
  hold: [media(mediaId), sql`select 1 from reposts where media_id = ${mediaId} and user_id = ${userId} for share`],
  desired: sql`
    select m.owner_id as user_id, r.user_id as actor_id, 'repost' as kind, m.id as media_id, ${none} as comment_id,
      ${none} as file_id, ${noEmoji}
    from reposts r join medias m on m.id = r.media_id where r.media_id = ${mediaId} and r.user_id = ${userId}`,
});

/** Whom the text of a media names, once it is published. */
export const mentions = (mediaId: string): Act => ({
  name: 'mention',
  subjectId: mediaId,
  hold: [
    sql`select 1 from medias where id = ${mediaId} for share`,
    sql`select 1 from media_mentions where media_id = ${mediaId} order by user_id for share`,
  ],
  desired: sql`
    select mm.user_id, m.owner_id as actor_id, 'mention_in_media' as kind, m.id as media_id, ${none} as comment_id,
      ${none} as file_id, ${noEmoji}
    from media_mentions mm join medias m on m.id = mm.media_id where mm.media_id = ${mediaId} and m.shown`,
});

/** A file that failed, told to its owner. */
export const failedFile = (fileId: string): Act => ({
  name: 'file',
  subjectId: fileId,
  hold: [sql`select 1 from files where id = ${fileId} for share`],
  desired: sql`
    select f.owner_id as user_id, ${none} as actor_id, 'processing_failed' as kind, ${none} as media_id, ${none} as comment_id,
      f.id as file_id, ${noEmoji}
    from files f where f.id = ${fileId} and f.status = 'failed'`,
});
