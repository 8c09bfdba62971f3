import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Live } from '../platform/realtime/live.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { amounts } from '../platform/limits/amounts.js';
import { isActive } from '../visibility/accounts.js';
import { visibleTo } from '../visibility/medias.js';
import { notBlocked, notMuted } from '../visibility/relations.js';
import { lockActorsShared } from './actors.js';
import type { Act, ActKind } from './acts.js';
import { setDue, wantsPush } from './due-pushes.js';
import { kinds, type KindName } from './kinds.js';

/** One entry to be created: whom to notify of what. */
export interface Told {
  subject_id: string;
  user_id: string;
  actor_id: string | null;
  kind: KindName;
  media_id: string | null;
  comment_id: string | null;
  file_id: string | null;
  emoji: string | null;
}
interface Desired extends Told {
  /** Null: the user has set no preference. */
  in_app: boolean | null;
  email: boolean | null;
  push: boolean;
}
type Entry = Pick<Told, 'subject_id' | 'user_id' | 'actor_id' | 'kind' | 'emoji'> & { id: string };

/** Mails per 24 hours that one actor can cause to people who don't follow them. */
const maxStrangerMailsPerDay = amounts.strangerMails.max;

const follows = (user: string, actor: string) => sql<boolean>`exists (select 1 from follows f
  where f.follower_id = ${sql.ident(user)} and f.followee_id = ${sql.ident(actor)} and f.accepted_at is not null)`;

/** How many of those there were, including mailed ones that were undone. Each count stops at the limit. */
const strangersMailed = (actor: string) => sql`(
  (select count(*) from (
    select 1 from notification_entries e
    where e.actor_id = ${sql.ident(actor)} and e.mail and e.created_at > now() - interval '1 day'
      and not ${follows('e.user_id', 'e.actor_id')}
    limit ${maxStrangerMailsPerDay}) counted)
  + (select count(*) from (
    select 1 from mailed_acts x
    where x.actor_id = ${sql.ident(actor)} and x.mailed_at > now() - interval '1 day'
      and not ${follows('x.user_id', 'x.actor_id')}
    limit ${maxStrangerMailsPerDay}) counted))`;

/** Of one actor, transactions wait here for each other: two at once would each send as many mails as are left. */
const countMailsInTurn = (actors: (string | null)[]) => sql`
  select pg_advisory_xact_lock(key) from (
    select distinct hashtextextended('mails of ' || actor, 0) as key
    from unnest(${actors}::uuid[]) as a (actor) where actor is not null order by key) k`;

/** Reconciles notification entries with the rows they follow from, so events may come twice, late or out of order. */
@Injectable()
export class NotificationSync {
  constructor(
    private readonly em: EntityManager,
    private readonly live: Live,
  ) {}

  /**
   * Runs one transaction, whose number of statements does not depend on the number of acts. Either all acts have an
   * actor, or none.
   */
  async reconcile(kind: ActKind, given: readonly Act[]): Promise<void> {
    if (!given.length) return;
    const acts = [...new Map(given.map((act) => [`${act.subjectId} ${act.actorId}`, act])).values()];
    const k = sql`unnest(${acts.map((act) => act.subjectId)}::uuid[], ${acts.map((act) => act.actorId ?? null)}::uuid[])
      as k (subject_id, actor_id)`;
    await this.em.transactional(async (em) => {
      this.live.expect();
      // Serialises two deliveries of one event.
      await sql`
        select pg_advisory_xact_lock(key) from (
          select distinct hashtextextended(concat_ws(' ', ${kind.name}::text, k.subject_id, k.actor_id), 0) as key
          from ${k} order by key) k`.all(em);
      // These locks last until the commit, so what is read stays true. A later change has its own event.
      for (const lock of kind.hold(k)) await lock.all(em);
      const desired = await this.desired(em, kind.desired(k));
      const entries = await this.entries(em, kind, acts, k);
      const known = new Map(entries.map((entry) => [keyOf(entry), entry]));
      const wanted = new Set(desired.map(keyOf));
      const newRows = desired.filter((row) => !known.has(keyOf(row)));
      // Before any row is locked.
      await countMailsInTurn(newRows.filter(wantsMail).map((row) => row.actor_id)).all(em);
      await this.withdraw(
        em,
        entries.filter((entry) => !wanted.has(keyOf(entry))),
      );
      await this.changeEmoji(
        em,
        desired.flatMap((row) => {
          const entry = known.get(keyOf(row));
          return entry && entry.emoji !== row.emoji ? [{ id: entry.id, emoji: row.emoji }] : [];
        }),
      );
      if (!newRows.length) return;
      await lockActorsShared(newRows.map((row) => row.actor_id)).all(em);
      await this.add(em, kind, newRows);
    });
  }

  /** Leaves out the actor, inactive accounts, blocked and muted pairs, and users who may not see the media. */
  private async desired(em: EntityManager, desired: Statement): Promise<Desired[]> {
    const reader = sql.ident<string>('d.user_id');
    const rows = await sql<Desired>`
      select d.*, p.in_app, p.email, ${wantsPush('d.user_id', sql`d.kind`)} as push
      from (${desired}) d
      join users u on u.id = d.user_id and ${isActive()}
      left join notification_preferences p on p.user_id = d.user_id and p.kind = d.kind
      where d.user_id is distinct from d.actor_id
        and (d.actor_id is null or exists (select 1 from users a where a.id = d.actor_id and ${isActive('a')}))
        and ${notBlocked(reader, 'd.actor_id')} and ${notMuted(reader, 'd.actor_id')}
        and (d.media_id is null or exists (select 1 from medias m where m.id = d.media_id and ${visibleTo(reader)}))
        and (coalesce(p.in_app, true) or coalesce(p.email, true) or coalesce(p.push, true))`.all(em);
    return rows.filter((row) => (row.in_app ?? true) || wantsMail(row) || row.push);
  }

  private entries(em: EntityManager, { name }: ActKind, acts: readonly Act[], k: Statement): Promise<Entry[]> {
    const byActor = acts[0]!.actorId === undefined ? sql`true` : sql`e.actor_id = k.actor_id`;
    return sql<Entry>`
      select e.id, e.subject_id, e.user_id, e.actor_id, n.kind, e.emoji
      from ${k}
      join notification_entries e on e.act = ${name} and e.subject_id = k.subject_id and ${byActor}
      join notifications n on n.id = e.notification_id`.all(em);
  }

  private async withdraw(em: EntityManager, entries: Entry[]): Promise<void> {
    if (!entries.length) return;
    await sql`delete from notification_entries where id = any(${entries.map(({ id }) => id)}::uuid[])`.all(em);
  }

  private async changeEmoji(em: EntityManager, changed: { id: string; emoji: string | null }[]): Promise<void> {
    if (!changed.length) return;
    await sql`
      update notification_entries e set emoji = c.emoji
      from unnest(${changed.map(({ id }) => id)}::uuid[], ${changed.map(({ emoji }) => emoji)}::text[]) as c (id, emoji)
      where e.id = c.id`.all(em);
  }

  /**
   * Adds entries to the unread notification of their kind and subject, or creates one: one upsert per notification,
   * however many entries join it.
   */
  private async add(em: EntityManager, { name }: ActKind, rows: Desired[]): Promise<void> {
    const column = <T>(of: (row: Desired) => T) => rows.map(of);
    await sql`
      with wanted as (
        select t.*, t.wants_mail and not exists (
            select 1 from mailed_acts x
            where x.user_id = t.user_id and x.act = ${name} and x.subject_id = t.subject_id
              and x.actor_id is not distinct from t.actor_id) as may_mail,
          t.actor_id is not null and not ${follows('t.user_id', 't.actor_id')} as is_stranger
        from unnest(
          ${column((row) => row.subject_id)}::uuid[], ${column((row) => row.user_id)}::uuid[],
          ${column((row) => row.actor_id)}::uuid[], ${column((row) => row.kind)}::text[],
          ${column((row) => row.media_id)}::uuid[], ${column((row) => row.comment_id)}::uuid[],
          ${column((row) => row.file_id)}::uuid[], ${column((row) => row.emoji)}::text[],
          ${column((row) => (kinds[row.kind].told === 'alone' ? row.actor_id : null))}::uuid[],
          ${column((row) => row.in_app ?? true)}::boolean[],
          ${column(wantsMail)}::boolean[], ${column((row) => row.push)}::boolean[]
        ) as t (subject_id, user_id, actor_id, kind, media_id, comment_id, file_id, emoji, asker_id, in_app, wants_mail,
          wants_push)
        where ${notBlocked(sql.ident<string>('t.user_id'), 't.actor_id')}),
      told as materialized (
        select w.*, w.may_mail and (not w.is_stranger
          or ${strangersMailed('w.actor_id')} + row_number() over (
            partition by w.actor_id, w.may_mail, w.is_stranger order by w.user_id) <= ${maxStrangerMailsPerDay}) as mail
        from wanted w),
      lines as (
        insert into notifications (user_id, kind, in_app, media_id, comment_id, file_id, asker_id)
        select distinct user_id, kind, in_app, media_id, comment_id, file_id, asker_id from told
        order by user_id, kind, in_app, media_id, comment_id, file_id, asker_id
        on conflict (user_id, kind, day, in_app, media_id, comment_id, file_id, asker_id) where read_at is null
          do update set day = excluded.day
        returning id, user_id, kind, in_app, media_id, comment_id, file_id, asker_id),
      entries as (
      insert into notification_entries (notification_id, user_id, actor_id, act, subject_id, emoji, mail)
      select l.id, t.user_id, t.actor_id, ${name}, t.subject_id, t.emoji, t.mail
      from told t
      join lines l on l.user_id = t.user_id and l.kind = t.kind and l.in_app = t.in_app
        and (l.media_id, l.comment_id, l.file_id, l.asker_id)
          is not distinct from (t.media_id, t.comment_id, t.file_id, t.asker_id)
      order by l.id, t.actor_id
      on conflict do nothing
      returning notification_id, actor_id)
      ${setDue(sql`
        select l.*, e.actor_id from entries e join lines l on l.id = e.notification_id
        where exists (select from told t where t.user_id = l.user_id and t.kind = l.kind and t.wants_push)`)}`.all(em);
  }
}

const wantsMail = (row: Desired) => row.email ?? kinds[row.kind].email;
const keyOf = ({ subject_id, user_id, actor_id, kind }: Pick<Told, 'subject_id' | 'user_id' | 'actor_id' | 'kind'>) =>
  `${subject_id} ${user_id} ${actor_id} ${kind}`;
