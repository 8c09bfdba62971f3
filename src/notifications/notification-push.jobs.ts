import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { Outbox } from '../platform/events/outbox.js';
import { amounts } from '../platform/limits/amounts.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { isInForeground } from '../platform/realtime/online.js';
import { ForegroundUsers } from '../presence/foreground-users.service.js';
import { isNotPaused, PushSender } from '../push/push-sender.service.js';
import { isActive } from '../visibility/accounts.js';
import { follows } from '../visibility/relations.js';
import { isPushable, topicOf } from './due-pushes.js';
import { NotificationView, shown, single, type NotificationRow } from './notification-view.js';
import type { NotificationAnswer } from './notifications.schemas.js';
import { quietSentence } from './sentences.js';

interface Due {
  userId: string;
  topic: string;
  notificationId: string;
  /** Who caused it, if the reader does not follow them. */
  stranger: string | null;
  isAllowed: boolean;
}
interface Pushed extends NotificationRow {
  topic: string;
  /** The reader wants it on their lock screen. */
  withText: boolean;
}

const slice = 500;
/** In one run: more than workers push meanwhile, and no more than the relay carries beside everything else. */
const maxSlices = 4;
/** Of the sentence. */
const maxCharacters = 300;
const reader = sql.ident<string>('n.user_id');
const preference = sql`left join notification_preferences p on p.user_id = n.user_id and p.kind = n.kind`;

/** Pushes notifications that stay unread. */
@Injectable()
export class NotificationPushJobs {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly sender: PushSender,
    private readonly foreground: ForegroundUsers,
    private readonly view: NotificationView,
  ) {}

  @OnJob('pushes.sweep')
  async sweep(_payload: object, { signal }: JobContext): Promise<void> {
    for (let i = 0; i < maxSlices; i++) {
      signal.throwIfAborted();
      if ((await this.em.transactional((em) => this.take(em))) < slice) return;
    }
  }

  /** Marked in the transaction that records the events: each is pushed, and none twice. @returns how many were due */
  private async take(em: EntityManager): Promise<number> {
    // Two at once would each allow as many as are left.
    const [turn] = await sql<{ isMine: boolean }>`
      select pg_try_advisory_xact_lock(hashtextextended('notification pushes', 0)) as "isMine"`.all(em);
    if (!turn!.isMine) return 0;
    const due = await this.due(em);
    if (!due.length) return 0;
    const keys = (rows: Due[]) => sql`unnest(${rows.map(({ userId }) => userId)}::uuid[],
      ${rows.map(({ topic }) => topic)}::text[]) as k (user_id, topic)`;
    const allowed = due.filter(({ isAllowed }) => isAllowed);
    const strangers = allowed.flatMap(({ stranger }) => stranger ?? []);
    if (strangers.length) await sql`insert into stranger_pushes (actor_id) select unnest(${strangers}::uuid[])`.all(em);
    await sql`
      update notification_pushes x set due_at = null, pushed_at = now() from ${keys(allowed)}
      where x.user_id = k.user_id and x.topic = k.topic`.all(em);
    // What was pushed before stays known, for the pause and the counts.
    const others = due.filter(({ isAllowed }) => !isAllowed);
    await sql`
      with never as (delete from notification_pushes x using ${keys(others)}
        where x.user_id = k.user_id and x.topic = k.topic and x.pushed_at is null)
      update notification_pushes x set due_at = null from ${keys(others)}
      where x.user_id = k.user_id and x.topic = k.topic and x.pushed_at is not null`.all(em);
    const browsers = await sql<EventOf<'notification.push.due'>>`
      select k.id as "notificationId", s.user_id as "userId", s.id as "subscriptionId"
      from unnest(${allowed.map(({ notificationId }) => notificationId)}::uuid[],
        ${allowed.map(({ userId }) => userId)}::uuid[]) as k (id, user_id)
      join push_subscriptions s on s.user_id = k.user_id and ${isNotPaused('s')}`.all(em);
    if (browsers.length) await this.outbox.recordAll('notification.push.due', browsers);
    return due.length;
  }

  /** Not those that somebody is just growing: they come with the next run. */
  private due(em: EntityManager): Promise<Due[]> {
    const { max: hourly } = amounts.hourlyPushes;
    const { max: toStrangers } = amounts.strangerPushes;
    return sql<Due>`
      with due as materialized (
          select x.* from notification_pushes x where x.due_at < now() order by x.due_at limit ${slice} for update skip locked),
        wanted as materialized (
          select x.*, case when x.actor_id is not null and not ${follows(sql.ident('x', 'user_id'), 'x.actor_id')}
            then x.actor_id end as stranger
          from due x join notifications n on n.id = x.notification_id
          join users u on u.id = n.user_id and ${isActive()} ${preference}
          where ${isPushable(reader, sql.ident('x', 'since'))} and not ${isInForeground(reader)}
            and exists (select from push_subscriptions s where s.user_id = x.user_id and ${isNotPaused('s')})),
        -- Counting stops at the limit, and each stranger and each reader of the slice is counted once.
        strangers as materialized (
          select stranger, (select count(*) from (
            select from stranger_pushes p where p.actor_id = a.stranger and p.pushed_at > now() - interval '1 day'
            limit ${toStrangers}) counted) as pushed
          from (select distinct stranger from wanted where stranger is not null) a),
        by_actor as (
          select w.*, row_number() over (partition by w.stranger order by w.due_at, w.user_id, w.topic) as place from wanted w),
        -- Who is beyond their limit takes no places of readers.
        admitted as materialized (
          select a.user_id, a.topic, a.stranger, a.due_at from by_actor a left join strangers using (stranger)
          where a.stranger is null or strangers.pushed + a.place <= ${toStrangers}),
        readers as materialized (
          select user_id, (select count(*) from (
            select from notification_pushes p where p.user_id = r.user_id and p.pushed_at > now() - interval '1 hour'
            limit ${hourly}) counted) as pushed
          from (select distinct user_id from admitted) r),
        by_reader as (
          select a.*,
            row_number() over (partition by a.user_id order by a.stranger is not null, a.due_at, a.topic) as place
          from admitted a),
        allowed as materialized (
          select b.user_id, b.topic, b.stranger from by_reader b join readers using (user_id)
          -- Strangers leave half of it to others.
          where readers.pushed + b.place <= ${hourly} / case when b.stranger is null then 1 else 2 end)
      select due.user_id as "userId", due.topic, due.notification_id as "notificationId", allowed.stranger,
        allowed.topic is not null as "isAllowed"
      from due left join allowed using (user_id, topic)`.all(em);
  }

  /** Again: it may have been read, or withdrawn, while the push service was not reached. */
  @OnEvent('push-notification')
  async toBrowser({ notificationId, userId, subscriptionId }: EventOf<'notification.push.due'>): Promise<void> {
    const { columns, joins } = shown(reader, single);
    const [found] = await sql<Pushed>`
      select ${columns}, ${topicOf('n')} as topic, reader.push_text as "withText"
      from notifications n join users reader on reader.id = n.user_id ${joins} ${preference}
      where n.id = ${notificationId} and n.user_id = ${userId} and ${isActive('reader')}
        and ${isPushable(reader, sql`'-infinity'::timestamptz`)}`.all(this.em);
    if (!found || (await this.foreground.of([userId])).size) return;
    const { topic, withText, ...row } = found;
    const notification = withText
      ? inShort(this.view.of(row, userId))
      : { id: notificationId, text: quietSentence(row.locale) };
    await this.sender.push(subscriptionId, topic, { kind: 'notification', notification });
  }
}

/** What fits into a push: the rest is at the API. */
function inShort({ id, kind, text, actors, media, comment, file }: NotificationAnswer) {
  return {
    ...{ id, kind, text: [...text].slice(0, maxCharacters).join('') },
    ...{ actor: actors[0] ?? null, media: media?.url ?? null, comment: comment?.url ?? null, file: file?.url ?? null },
  };
}
