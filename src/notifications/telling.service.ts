import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { notBlocked, notMuted } from '../visibility/relations.js';
import { visibleTo } from '../visibility/medias.js';
import type { Act } from './acts.js';
import { kinds, type KindName } from './kinds.js';
import { isActive } from '../visibility/accounts.js';

interface Desired {
  user_id: string;
  actor_id: string | null;
  kind: KindName;
  media_id: string | null;
  comment_id: string | null;
  file_id: string | null;
  emoji: string | null;
  /** Null where the user left it as it is by default. */
  in_app: boolean | null;
  email: boolean | null;
}
interface Entry {
  id: string;
  user_id: string;
  kind: KindName;
  emoji: string | null;
}

/** First in whatever tells; who takes back what was told holds it alone, so that nothing is on its way then. */
export const telling = sql`select pg_advisory_xact_lock_shared(hashtext('telling'))`;

/** Makes the notifications say what the rows say: whatever is told twice, late or in another order, ends the same. */
@Injectable()
export class TellingService {
  constructor(private readonly em: EntityManager) {}

  async tell(act: Act): Promise<void> {
    await this.em.transactional(async (em) => {
      await telling.all(em);
      // Two deliveries of one event take turns.
      await sql`
        select pg_advisory_xact_lock(hashtextextended(${[act.name, act.subjectId, act.actorId].join(' ')}, 0))`.all(em);
      // Held to the end, what we saw stays true until it is written; a change after that has an event of its own.
      for (const lock of act.hold) await lock.all(em);
      const desired = await this.desired(em, act);
      const entries = await this.entries(em, act);
      const wrong = entries.filter(
        ({ user_id, kind }) => !desired.some((row) => row.user_id === user_id && row.kind === kind),
      );
      if (wrong.length)
        await sql`delete from notification_entries where id = any(${wrong.map(({ id }) => id)}::uuid[])`.all(em);
      for (const row of desired) {
        const entry = entries.find(({ user_id, kind }) => user_id === row.user_id && kind === row.kind);
        if (!entry) await this.add(em, act, row);
        else if (entry.emoji !== row.emoji)
          await sql`update notification_entries set emoji = ${row.emoji} where id = ${entry.id}`.all(em);
      }
    });
  }

  /** What two people were being told of each other when the block came, whose trigger takes all before it. */
  async withdraw(blockerId: string, blockedId: string): Promise<void> {
    await this.em.transactional(async (em) => {
      await sql`select pg_advisory_xact_lock(hashtext('telling'))`.all(em);
      await sql`
        delete from notification_entries e using blocks b
        where b.blocker_id = ${blockerId} and b.blocked_id = ${blockedId}
          and ((e.user_id = b.blocker_id and e.actor_id = b.blocked_id) or (e.user_id = b.blocked_id
            and e.actor_id = b.blocker_id))`.all(em);
    });
  }

  /** Never oneself, nobody who is gone, who does not want to hear of the actor, or who may not see the thing. */
  private async desired(em: EntityManager, { desired }: Act): Promise<Desired[]> {
    const reader = sql.ident<string>('d.user_id');
    const rows = await sql<Desired>`
      select d.*, p.in_app, p.email from (${desired}) d
      join users u on u.id = d.user_id and ${isActive()}
      left join notification_preferences p on p.user_id = d.user_id and p.kind = d.kind
      where d.user_id is distinct from d.actor_id
        and (d.actor_id is null or exists (select 1 from users a where a.id = d.actor_id and ${isActive('a')}))
        and ${notBlocked(reader, 'd.actor_id')} and ${notMuted(reader, 'd.actor_id')}
        and (d.media_id is null or exists (select 1 from medias m where m.id = d.media_id and ${visibleTo(reader)}))
        and (coalesce(p.in_app, true) or coalesce(p.email, true))
      order by d.user_id`.all(em);
    return rows.filter(({ kind, in_app, email }) => (in_app ?? true) || (email ?? kinds[kind].email));
  }

  private async entries(em: EntityManager, { name, subjectId, actorId }: Act): Promise<Entry[]> {
    const rows = await sql<Entry>`
      select e.id, e.user_id, n.kind, e.emoji from notification_entries e join notifications n
        on n.id = e.notification_id
      where e.act = ${name} and e.subject_id = ${subjectId}
        and ${actorId ? sql`e.actor_id = ${actorId}` : sql`true`}`.all(em);
    return rows;
  }

  /** Joins the line that is open for this kind and thing, or begins one. */
  private async add(em: EntityManager, { name, subjectId }: Act, row: Desired): Promise<void> {
    const { user_id, actor_id, kind, media_id, comment_id, file_id, emoji } = row;
    const { told, email } = kinds[kind];
    const [line] = await sql<{ id: string }>`
      insert into notifications (user_id, kind, in_app, media_id, comment_id, file_id, asker_id)
        values (${user_id}, ${kind}, ${row.in_app ?? true}, ${media_id}, ${comment_id}, ${file_id}, ${
          told === 'alone' ? actor_id : null
        })
      on conflict (user_id, kind, day, in_app, media_id, comment_id, file_id, asker_id) where read_at is null
        do update set day = excluded.day returning id`.all(em);
    await sql`
      insert into notification_entries (notification_id, user_id, actor_id, act, subject_id, emoji, mail)
      values (${line!.id}, ${user_id}, ${actor_id}, ${name}, ${subjectId}, ${emoji}, ${row.email ?? email})
        on conflict do nothing`.all(em);
  }
}
