import { Injectable } from '@nestjs/common';
import { existsByKey } from '../platform/database/exists-by-key.js';
import { isoTime } from '../platform/database/iso-time.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { fileHref, SignedHrefs } from '../files/signed-hrefs.service.js';
import type { FileKind } from '../files/file.entity.js';
import { failures, type FailureCode } from '../processing/run/failure.js';
import { ownerAnswer, type OwnerRow } from '../users/users.schemas.js';
import { isActive } from '../visibility/accounts.js';
import { isOpen, visibleTo } from '../visibility/medias.js';
import { notBlocked } from '../visibility/relations.js';
import { kindNames, kinds, type KindName } from './kinds.js';
import type { NotificationAnswer } from './notifications.schemas.js';
import { sentence, type Told } from './sentences.js';

export interface NotificationRow {
  id: string;
  kind: KindName;
  actorsCount: number;
  emoji: string | null;
  actors: OwnerRow[] | null;
  media:
    (NonNullable<Told['media']> & { url: string; open: boolean; file: { url: string; kind: FileKind } | null }) | null;
  comment: NotificationAnswer['comment'];
  file: { url: string; filename: string; failureCode: FailureCode | null } | null;
  read: boolean;
  locale: string;
  createdAt: string;
  updatedAt: string;
}

/** Of whom the list is: a value, or a column. */
type UserId = string | Statement<string>;

/** Condition on a notification `n`: its media is visible, and for followers not unlisted since. */
export const isMediaSeenBy = (userId: UserId): Statement<boolean> => sql<boolean>`(
  n.media_id is null or ${existsByKey(sql`from medias m where m.id = n.media_id and ${visibleTo(userId)}
    and (n.kind <> 'media_published' or m.visibility <> 'unlisted')`)})`;

/** In the user's list, if it is shown. */
export const isListOf = (userId: UserId): Statement<boolean> => sql<boolean>`(n.user_id = ${userId} and n.in_app)`;
export const isUnread = sql<boolean>`n.read_at is null`;

/** The same, and it is shown: so is its media, and at least one of its actors is not hidden. */
export const shownTo = (userId: UserId): Statement<boolean> => sql<boolean>`(
  ${isListOf(userId)} and ${isMediaSeenBy(userId)} and ${existsByKey(metEntry(userId, 'n'))})`;

/** An entry of a notification by somebody who is not hidden. */
export const metEntry = (userId: UserId, n: string) => sql`from notification_entries e
  where e.notification_id = ${sql.ident(n, 'id')}
    and (e.actor_id is null or ${existsByKey(sql`from users a where a.id = e.actor_id and ${isMet(userId)}`)}) limit 1`;

/** What stands in one item, whose latest notification is `n`. */
export interface Item {
  /** The `id`s of its notifications. */
  ids: Statement;
  columns: Statement;
  actors: Statement;
}
export const single: Item = {
  ids: sql`select n.id`,
  columns: sql`n.actors_count as "actorsCount", n.read_at is not null as read`,
  actors: sql.raw('3'),
};

/** All of one kind, media and comment, or of one kind that has neither; of kinds that are told alone, `n` itself. */
const isTogether = sql`n.kind in (${sql.join(kindNames.filter((name) => kinds[name].told === 'together').map(sql.word))})`;
const columnsOf = (n: string) =>
  sql.join(['id', 'position', 'actors_count', 'read_at'].map((name) => sql.ident(n, name)));
/** Apart, since an index finds what equals, or what is null. */
const sameAs = (media: Statement, comment: Statement) => sql`
  select ${columnsOf('g')} from notifications g
  where ${isTogether} and g.user_id = n.user_id and g.in_app and g.kind = n.kind and ${media} and ${comment}`;
const [noMedia, noComment] = ['media_id', 'comment_id'].map(
  (column) => sql`${sql.ident('n', column)} is null and ${sql.ident('g', column)} is null`,
) as [Statement, Statement];
export const all = sql`
  select ${columnsOf('n')} where not ${isTogether}
  union all ${sameAs(sql`g.media_id = n.media_id`, noComment)}
  union all ${sameAs(sql`g.media_id = n.media_id`, sql`g.comment_id = n.comment_id`)}
  union all ${sameAs(noMedia, noComment)}`;
export const group: Item = {
  ids: sql`select i.id from (${all}) i`,
  columns: sql`(select sum(i.actors_count)::int from (${all}) i) as "actorsCount",
    (select bool_and(i.read_at is not null) from (${all}) i) as read`,
  actors: sql.raw('20'),
};

const isMet = (userId: UserId) => sql<boolean>`(${isActive('a')} and ${notBlocked(userId, 'a.id')})`;

/** What `NotificationView` shows, of the notifications `n`: columns, and the joins that they need. */
export const shown = (userId: UserId, { ids, columns, actors }: Item) => ({
  columns: sql<NotificationRow>`
        n.id, n.kind, ${columns}, n.created_at as "createdAt",
        coalesce(latest.at, n.created_at) as "updatedAt", latest.emoji, latest.actors,
        (select u.locale from users u where u.id = n.user_id) as locale,
        (select json_build_object('url', m.url, 'type', m.type, 'title', m.title, 'open', ${isOpen()}, 'file',
          (select json_build_object('url', f.url, 'kind', f.kind) from media_files mf join files f on f.id = mf.file_id
            where mf.media_id = m.id order by mf.position limit 1)) from medias m where m.id = n.media_id) as media,
        (select json_build_object('url', c.url, 'text', left(c.text, 200)) from comments c where c.id = n.comment_id) as comment,
        (select json_build_object('url', f.url, 'filename', f.filename, 'failureCode', f.failure_code) from files f
          where f.id = n.file_id) as file`,
  joins: sql`
      cross join lateral (
        select json_agg(json_build_object('userId', x.user_id, 'username', x.username, 'displayName', x.display_name, 'profilePhotoId', x.profile_photo_id)
            order by x.id desc) filter (where x.username is not null) as actors,
          max(x.created_at) as at, (array_agg(x.emoji order by x.id desc))[1] as emoji
        from (select x.* from (${ids}) i cross join lateral (
            select e.id, e.emoji, e.created_at, a.id as user_id, a.username, a.display_name, a.profile_photo_id
            from notification_entries e left join users a on a.id = e.actor_id
            where e.notification_id = i.id and (e.actor_id is null or ${isMet(userId)})
            order by e.id desc limit ${actors}) x
          order by x.id desc limit ${actors}) x) latest`,
});

/** Of rows, what the API answers. */
@Injectable()
export class NotificationView {
  constructor(private readonly signed: SignedHrefs) {}

  of({ media, file, locale, ...row }: NotificationRow, userId: string): NotificationAnswer {
    const { kind, actorsCount, emoji, comment, actors } = row;
    const told = { kind, actorsCount, emoji, media, name: actors?.[0]?.displayName, filename: file?.filename ?? null };
    return {
      id: row.id,
      kind,
      text: sentence(told, locale),
      actors: (actors ?? []).map(ownerAnswer),
      actorsCount,
      emoji,
      media: media && {
        url: media.url,
        type: media.type,
        title: media.title,
        ...this.thumb(media.file, media.open ? null : userId),
      },
      comment,
      file: file && {
        url: file.url,
        filename: file.filename,
        failure: file.failureCode && { code: file.failureCode, message: failures[file.failureCode].sentence },
      },
      read: row.read,
      createdAt: isoTime(row.createdAt),
      updatedAt: isoTime(row.updatedAt),
    };
  }

  private thumb(file: { url: string; kind: FileKind } | null, signFor: string | null) {
    if (!file) return { thumb: null };
    const { url, kind } = file;
    const signed = signFor === null ? null : this.signed.sign(url, signFor);
    const path = kind === 'video' ? '/poster?size=thumb' : kind === 'music' ? '/cover?size=thumb' : '?size=thumb';
    return {
      thumb: fileHref(kind, url, path, { t: signed?.t }),
      ...(signed && { expiresAt: signed.expiresAt }),
    };
  }
}
