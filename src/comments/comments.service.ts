import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { MovedCounts } from '../counters/moved-counts.service.js';
import { FilesService } from '../files/files.service.js';
import { MediaAccess } from '../media/media-access.service.js';
import { commentVisibleTo } from '../visibility/comments.js';
import { MentionsService } from '../mentions/mentions.service.js';
import { slug } from '../platform/database/slug.js';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import { refuseBeyond } from '../platform/limits/amounts.js';
import { CommentsQueries } from './comments.queries.js';
import type { CommentAnswer, WriteBody } from './comments.schemas.js';

interface Held {
  id: string;
  mediaId: string;
  parentId: string | null;
  ownerId: string;
  authorId: string;
  hasReplies: boolean;
  hasAttachment: boolean;
}

/**
 * Writers and deleters hold the lock on the media's row, which counts its comments, until they commit: changes of a
 * thread are serialised, so ids grow in the order of commits and no page skips one.
 */
@Injectable()
export class CommentsService {
  constructor(
    private readonly em: EntityManager,
    private readonly access: MediaAccess,
    private readonly files: FilesService,
    private readonly mentions: MentionsService,
    private readonly queries: CommentsQueries,
    private readonly outbox: Outbox,
    private readonly moved: MovedCounts,
  ) {}

  /** @throws {Problem} `media_not_found`, `comment_not_found` for `replyTo`, and as `FilesService.takePhoto` */
  async write(author: string, mediaUrl: string, { text, attachment, replyTo }: WriteBody): Promise<CommentAnswer> {
    const url = slug();
    const { mediaId, parentId } = await this.em.transactional(async (em) => {
      const media = await this.access.hold(em, author, mediaUrl, true);
      const parentId = replyTo === undefined ? null : await this.parent(em, author, media.id, replyTo);
      const fileId = attachment === undefined ? null : await this.files.takePhoto(em, author, attachment);
      // The current time, like its id, not the transaction's start: it may have waited for the lock.
      const rows = await sql<{ id: string }>`
        insert into comments (url, media_id, author_id, parent_id, text, attachment_id, created_at)
        values (${url}, ${media.id}, ${author}, ${parentId}, ${text}, ${fileId}, clock_timestamp())
        returning id`.all(em);
      const commentId = rows[0]!.id;
      const written = sql`from comments where media_id = ${media.id} and author_id = ${author}`;
      await refuseBeyond(em, 'commentsOfOne', `${media.id}:${author}`, written);
      if (parentId !== null) await refuseBeyond(em, 'commentsAbove', commentId, above(commentId));
      await this.mentions.ofComment(em, commentId, author, text);
      await this.outbox.record('comment.changed', { commentId, mediaId: media.id });
      return { mediaId: media.id, parentId };
    });
    this.tell(mediaId, parentId);
    return this.queries.byUrl(author, url);
  }

  /** @throws {Problem} `comment_not_found`, `not_yours`, `validation_failed` for neither text nor photo */
  async edit(viewer: string, url: string, text: string): Promise<CommentAnswer> {
    await this.em.transactional(async (em) => {
      const { id, mediaId, authorId, hasAttachment } = await this.hold(em, viewer, url);
      if (authorId !== viewer) throw new Problem('not_yours');
      if (text === '' && !hasAttachment) {
        throw new Problem('validation_failed', { errors: [{ pointer: '/text', message: 'write something' }] });
      }
      const changed = await sql`
        update comments set text = ${text}, edited_at = now() where id = ${id} and text <> ${text} returning 1`.all(em);
      if (changed.length === 0) return;
      await this.mentions.ofComment(em, id, viewer, text);
      await this.outbox.record('comment.changed', { commentId: id, mediaId });
    });
    return this.queries.byUrl(viewer, url);
  }

  /**
   * A comment with replies stays without its text.
   * @throws {Problem} `comment_not_found`, `not_yours`
   */
  async delete(viewer: string, url: string): Promise<void> {
    const { mediaId, parentId } = await this.em.transactional(async (em) => {
      const { id, mediaId, parentId, ownerId, authorId, hasReplies } = await this.hold(em, viewer, url, true);
      if (viewer !== authorId && viewer !== ownerId) throw new Problem('not_yours');
      await (
        hasReplies
          ? sql`update comments set author_id = null, text = '', attachment_id = null, deleted_at = now() where id = ${id}`
          : sql`delete from comments where id = ${id}`
      ).all(em);
      if (hasReplies) await this.outbox.record('comment.deleted', { commentId: id });
      await this.outbox.record('comment.changed', { commentId: id, mediaId });
      return { mediaId, parentId };
    });
    this.tell(mediaId, parentId);
  }

  /** One more comment, or one less. */
  private tell(mediaId: string, parentId: string | null): void {
    this.moved.ofMedia(mediaId);
    if (parentId !== null) this.moved.ofComment(mediaId, parentId);
  }

  /** Cannot be deleted before the transaction ends: that would need the lock on the media. */
  private async parent(em: EntityManager, viewer: string, mediaId: string, url: string): Promise<string> {
    const rows = await sql<{ id: string }>`
      select c.id from comments c join medias m on m.id = c.media_id
      where c.url = ${url} and m.id = ${mediaId} and c.deleted_at is null and ${commentVisibleTo(viewer)}`.all(em);
    if (!rows[0]) throw new Problem('comment_not_found', `There is no comment to reply to at ${url} on this media.`);
    return rows[0].id;
  }

  /**
   * Locks the media's row, then the comment's. The media's owner can reach any comment on it, whoever wrote it.
   * @param toTakeBack also lets the author reach it when the media is no longer visible to them
   */
  private async hold(em: EntityManager, viewer: string, url: string, toTakeBack = false): Promise<Held> {
    const isTheirs = toTakeBack ? sql<boolean>`c.author_id = ${viewer}` : sql<boolean>`false`;
    const rows = await sql<Pick<Held, 'mediaId' | 'ownerId'>>`
      select m.id as "mediaId", m.owner_id as "ownerId" from comments c join medias m on m.id = c.media_id
      where c.url = ${url} and (${commentVisibleTo(viewer)} or m.owner_id = ${viewer} or ${isTheirs})
      for no key update of m`.all(em);
    // A separate statement, so that it sees what was committed while the first one waited.
    const [comment] = await sql<Omit<Held, 'mediaId' | 'ownerId'>>`
      select id, author_id as "authorId", parent_id as "parentId", exists (select 1 from comments r
        where r.parent_id = c.id) as "hasReplies", attachment_id is not null as "hasAttachment"
      from comments c where url = ${url} and deleted_at is null for update`.all(em);
    if (!rows[0] || !comment) throw new Problem('comment_not_found');
    return { ...rows[0], ...comment };
  }
}

/** A comment's parents up to the top of the thread; read only as far as they are counted. */
const above = (commentId: string) => sql`from (
  with recursive above as (
    select parent_id from comments where id = ${commentId}
    union all select c.parent_id from above join comments c on c.id = above.parent_id
  ) select 1 from above where parent_id is not null) as above`;
