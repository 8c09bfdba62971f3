import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { sql, type Statement } from '../platform/database/sql.js';
import type { ViewerId } from '../visibility/relations.js';
import { afterCursor, keyOf, keysetPage, pageOf, type Keyed, type Keyset } from '../platform/database/keyset.js';
import { MovedCounts } from '../counters/moved-counts.service.js';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import { ownerAnswer, type OwnerRow } from '../users/users.schemas.js';
import { hiddenReactions, reactionCounts, visibleCounts } from '../media/visible-counts.js';
import { notBlocked } from '../visibility/relations.js';
import type { Reactor, ReactorsQuery, ReactionState } from './reactions.schemas.js';
import { targets, type TargetName } from './targets.js';
import { isActive } from '../visibility/accounts.js';

interface ReactorRow extends Keyed, OwnerRow {
  emoji: string;
  createdAt: string;
}

interface Held {
  id: string;
  mediaId: string;
}

const counts = {
  media: visibleCounts(reactionCounts('t'), hiddenReactions('t', 'reactions', 'media_id')),
  comment: visibleCounts(reactionCounts('t'), hiddenReactions('t', 'comment_reactions', 'comment_id')),
};

/** One reaction per user and thing; the unique index decides, triggers count. */
@Injectable()
export class ReactionsService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly moved: MovedCounts,
  ) {}

  /**
   * Sets the viewer's reaction, replacing any other.
   * @returns whether there was none
   * @throws {Problem} `media_not_found`, `comment_not_found`
   */
  async set(viewer: string, target: TargetName, url: string, emoji: string) {
    const { held, ...set } = await this.em.transactional(async (em) => {
      const { reactions, key, event, payloadOf } = targets[target];
      const held = await this.hold(em, target, targets[target].seen(viewer, url));
      const { id } = held;
      const table = sql.ident(reactions);
      const rows = await sql<{ before: string | null }>`
        insert into ${table} (${sql.ident(key)}, user_id, emoji) values (${id}, ${viewer}, ${emoji})
        on conflict (${sql.ident(key)}, user_id) do update set emoji = excluded.emoji
          where ${sql.ident(reactions, 'emoji')} <> excluded.emoji
        returning old.emoji as before`.all(em);
      if (rows.length) await this.outbox.record(event, payloadOf(id, viewer) as never);
      return { held, isNew: rows[0]?.before === null, state: await this.state(em, viewer, target, id) };
    });
    this.tell(target, held);
    return set;
  }

  /**
   * Withdraws the viewer's reaction: any, or only one of the given ones. Works even if they may no longer see the
   * thing.
   */
  async remove(viewer: string, target: TargetName, url: string, only?: readonly string[]): Promise<void> {
    const held = await this.em.transactional(async (em) => {
      const { reactions, key, event, payloadOf } = targets[target];
      const held = await this.hold(em, target, targets[target].reactedTo(viewer, url));
      const { id } = held;
      const rows = await sql`
        delete from ${sql.ident(reactions)} where ${sql.ident(key)} = ${id} and user_id = ${viewer}
          and ${only ? sql`emoji in (${sql.join(only)})` : sql`true`} returning 1`.all(em);
      if (rows.length) await this.outbox.record(event, payloadOf(id, viewer) as never);
      return held;
    });
    this.tell(target, held);
  }

  /** Who reacted, the newest first, without users hidden by blocks. */
  async reactors(viewer: ViewerId, target: TargetName, url: string, { emoji, limit, cursor }: ReactorsQuery) {
    const { reactions, key, seen } = targets[target];
    const keyset: Keyset = { name: `reactors ${emoji ?? ''}`, columns: [[sql.raw('r.id'), 'uuid']], direction: 'desc' };
    const after = afterCursor(keyset, cursor);
    const [found] = await sql<{ id: string }>`select t.id ${seen(viewer, url)}`.all(this.em);
    const { id } = this.must(target, found);
    const reactors = sql<ReactorRow>`
      select u.id as "userId", u.username, u.display_name as "displayName", u.profile_photo_id as "profilePhotoId", r.emoji,
        r.created_at as "createdAt", ${keyOf(keyset)}
      from ${sql.ident(reactions)} r join users u on u.id = r.user_id
      where ${sql.ident('r', key)} = ${id} and ${emoji ? sql`r.emoji = ${emoji}` : sql`true`} and ${isActive()}
        and ${notBlocked(viewer, 'u.id')} and ${after}`;
    const rows = await pageOf(reactors, keyset, limit).all(this.em);
    return keysetPage(keyset, rows, limit, toReactor);
  }

  private async hold(em: EntityManager, target: TargetName, found: Statement<unknown>): Promise<Held> {
    const { hold, mediaId } = targets[target];
    const rows = await sql<Held>`select t.id, ${mediaId} as "mediaId" ${found} for key share of ${hold}`.all(em);
    return this.must(target, rows[0]);
  }

  private must<F>(target: TargetName, found: F | undefined): F {
    if (!found) throw new Problem(targets[target].missing);
    return found;
  }

  private tell(target: TargetName, { id, mediaId }: Held): void {
    if (target === 'media') this.moved.ofMedia(id);
    else this.moved.ofComment(mediaId, id);
  }

  private async state(em: EntityManager, viewer: string, target: TargetName, id: string): Promise<ReactionState> {
    const { reactions, key, table } = targets[target];
    const rows = await sql<ReactionState>`
      select r.emoji as reaction, ${counts[target](viewer)} as counts
      from ${sql.ident(table)} t left join ${sql.ident(reactions)} r on ${sql.ident('r', key)} = t.id
        and r.user_id = ${viewer}
      where t.id = ${id}`.all(em);
    return rows[0]!;
  }
}

const toReactor = (row: ReactorRow): Reactor => ({
  user: ownerAnswer(row),
  emoji: row.emoji,
  createdAt: isoTime(row.createdAt),
});
