import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { fileJson, FileAnswers, type FileRow } from '../media/file-answers.service.js';
import { commentCounts } from '../media/visible-counts.js';
import { commentVisibleTo } from '../visibility/comments.js';
import { isOpen, visibleTo } from '../visibility/medias.js';
import { notBlocked, notMuted, type ViewerId } from '../visibility/relations.js';
import { afterCursor, keyOf, keysetPage, pageOf, type Keyed, type Keyset } from '../platform/database/keyset.js';
import { Problem } from '../platform/http/problems.js';
import { ownerAnswer } from '../users/users.schemas.js';
import type { CommentsQuery, CommentAnswer, Sort } from './comments.schemas.js';
import { isActive } from '../visibility/accounts.js';

type Row = Pick<CommentAnswer, 'url' | 'media' | 'replyTo' | 'text' | 'mentions' | 'counts'> & {
  open: boolean;
  userId: string;
  username: string | null;
  displayName: string;
  profilePhotoId: string | null;
  attachment: FileRow | null;
  viewer: CommentAnswer['viewer'] | null;
  createdAt: string | Date;
  editedAt: string | Date | null;
  deletedAt: string | Date | null;
};

const order = (name: Sort, count: string | null, direction: Keyset['direction']): Keyset => ({
  name,
  columns: [...(count ? [[sql.ident('c', `${count}_count`), 'int'] as const] : []), [sql.raw('c.id'), 'uuid']],
  direction,
});
const orders: Record<Sort, Keyset> = {
  newest: order('newest', null, 'desc'),
  oldest: order('oldest', null, 'asc'),
  'most-liked': order('most-liked', 'likes', 'desc'),
  'least-liked': order('least-liked', 'likes', 'asc'),
  'most-disliked': order('most-disliked', 'dislikes', 'desc'),
  'least-disliked': order('least-disliked', 'dislikes', 'asc'),
  'most-replied': order('most-replied', 'replies', 'desc'),
  'least-replied': order('least-replied', 'replies', 'asc'),
};

const standing = (viewer: ViewerId) =>
  viewer === null
    ? sql`null as viewer`
    : sql`json_build_object(
        'reaction', (select x.emoji from comment_reactions x where x.comment_id = c.id and x.user_id = ${viewer}),
        'isMine', c.author_id is not distinct from ${viewer},
        'canDelete', c.deleted_at is null and ${viewer} in (c.author_id, m.owner_id)) as viewer`;

const columns = (viewer: ViewerId) => sql`
  c.url, m.url as media, p.url as "replyTo", c.text, c.created_at as "createdAt", c.edited_at as "editedAt", c.deleted_at as "deletedAt",
  ${isOpen()} as open, a.id as "userId", a.username, a.display_name as "displayName", a.profile_photo_id as "profilePhotoId",
  ${commentCounts(viewer)} as counts,
  array(select u.username from comment_mentions cm join users u on u.id = cm.user_id
    where cm.comment_id = c.id and ${isActive()} and ${notBlocked(viewer, 'u.id')} order by cm.id) as mentions,
  (select ${fileJson} from files f where f.id = c.attachment_id) as attachment,
  ${standing(viewer)}`;

const tables = sql`comments c join medias m on m.id = c.media_id
  left join comments p on p.id = c.parent_id left join users a on a.id = c.author_id`;

@Injectable()
export class CommentsQueries {
  constructor(
    private readonly em: EntityManager,
    private readonly files: FileAnswers,
  ) {}

  /** @throws {Problem} `comment_not_found` */
  async byUrl(viewer: ViewerId, url: string): Promise<CommentAnswer> {
    const rows = await sql<Row>`
      select ${columns(viewer)} from ${tables} where c.url = ${url} and ${commentVisibleTo(viewer)}`.all(this.em);
    if (!rows[0]) throw new Problem('comment_not_found');
    return this.toAnswer(rows[0], viewer);
  }

  /**
   * The top-level comments of a media.
   * @throws {Problem} `media_not_found`
   */
  async ofMedia(viewer: ViewerId, url: string, query: CommentsQuery) {
    const media = sql<{ id: string }>`select m.id from medias m where m.url = ${url} and ${visibleTo(viewer)}`;
    const rows = await media.all(this.em);
    if (!rows[0]) throw new Problem('media_not_found');
    return this.thread(viewer, rows[0].id, query);
  }

  /** @throws {Problem} `comment_not_found` */
  async replies(viewer: ViewerId, url: string, query: CommentsQuery) {
    const comment = sql<{ id: string }>`
      select c.id from comments c join medias m on m.id = c.media_id where c.url = ${url} and ${commentVisibleTo(viewer)}`;
    const rows = await comment.all(this.em);
    if (!rows[0]) throw new Problem('comment_not_found');
    return this.thread(viewer, rows[0].id, query);
  }

  private async thread(viewer: ViewerId, id: string, { sort, limit, cursor }: CommentsQuery) {
    const keyset = orders[sort];
    const conditions: Statement<boolean>[] = [
      sql`c.thread_id = ${id}`,
      commentVisibleTo(viewer),
      notMuted(viewer, 'c.author_id'),
      afterCursor(keyset, cursor),
    ];
    const found = sql<Row & Keyed>`
      select ${columns(viewer)}, ${keyOf(keyset)} from ${tables} where ${sql.join(conditions, ' and ')}`;
    const rows = await pageOf(found, keyset, limit).all(this.em);
    return keysetPage(keyset, rows, limit, (row) => this.toAnswer(row, viewer));
  }

  private toAnswer(row: Row, viewer: ViewerId): CommentAnswer {
    const { username, attachment } = row;
    return {
      url: row.url,
      media: row.media,
      replyTo: row.replyTo,
      author: username === null ? null : ownerAnswer({ ...row, username }),
      text: row.text,
      attachment: attachment && this.files.of(attachment, row.open ? null : viewer),
      mentions: row.mentions,
      counts: row.counts,
      ...(row.viewer && { viewer: row.viewer }),
      createdAt: isoTime(row.createdAt),
      editedAt: row.editedAt && isoTime(row.editedAt),
      deletedAt: row.deletedAt && isoTime(row.deletedAt),
    };
  }
}
