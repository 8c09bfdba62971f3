import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { visibleTo } from '../visibility/medias.js';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { Problem } from '../platform/http/problems.js';
import { deriveKey, hmac } from '../platform/secrets.js';
import type { Audience } from './views.schemas.js';

/**
 * A user, or an anonymous viewer from a network. Anonymous viewers of one network count as one: anything else that
 * could tell them apart could be forged.
 */
export type Spectator = { userId: string } | { network: string };

/** Of what a viewer reports: at most twice the time since the last report, and some seconds for clocks. */
const watchable = sql`least(excluded.watched_ms, 5000 + 2000 * extract(epoch from now() - views.last_viewed_at))::bigint`;

/** Time between two counted views of the same viewer. */
const window = sql`interval '30 minutes'`;

@Injectable()
export class ViewsService {
  private readonly key: Buffer;

  constructor(
    private readonly em: EntityManager,
    @Inject(CONFIG) config: Config,
  ) {
    this.key = deriveKey(config.secret, 'strangers');
  }

  /**
   * Writes one row per viewer, so that viewers of the same media never wait for each other; a job updates the media's
   * counter.
   * @returns whether the view counts
   * @throws {Problem} `media_not_found`
   */
  async report(spectator: Spectator, url: string, watchedMs: number): Promise<boolean> {
    const userId = 'userId' in spectator ? spectator.userId : null;
    const rows = await sql<{ counted: boolean }>`
      insert into views (media_id, viewer_key, user_id, pending, watched_ms, pending_ms)
      select m.id, ${this.keyOf(spectator)}::uuid, ${userId}::uuid, 1, ${watchedMs}, ${watchedMs}
        from medias m where m.url = ${url} and ${visibleTo(userId)} for key share of m
      on conflict (media_id, viewer_key) do update set
        pending = views.pending + (views.counted_at < now() - ${window})::int,
        counted_at = case when views.counted_at < now() - ${window} then now() else views.counted_at end,
        watched_ms = views.watched_ms + ${watchable}, pending_ms = views.pending_ms + ${watchable},
        last_viewed_at = now(), in_history = true
      returning old.counted_at is distinct from new.counted_at as counted`.all(this.em);
    if (!rows[0]) throw new Problem('media_not_found');
    return rows[0].counted;
  }

  /**
   * View statistics for the media's owner.
   * @throws {Problem} `media_not_found`, `not_yours`
   */
  async audience(viewer: string, url: string): Promise<Audience> {
    const rows = await sql<{ id: string; isMine: boolean }>`
      select m.id, m.owner_id = ${viewer} as "isMine" from medias m
      where m.url = ${url} and ${visibleTo(viewer)}`.all(this.em);
    if (!rows[0]) throw new Problem('media_not_found');
    const { id, isMine } = rows[0];
    if (!isMine) throw new Problem('not_yours');
    const days = await sql<{ day: string; views: number; watchedMs: string }>`
      select day::text, views, watched_ms as "watchedMs" from media_view_days where media_id = ${id}
        order by day desc limit 366`.all(this.em);
    const [total] = await sql<{ views: number; watchedMs: string }>`
      select coalesce(sum(views), 0)::int as views, coalesce(sum(watched_ms), 0) as "watchedMs"
        from media_view_days where media_id = ${id}`.all(this.em);
    return {
      views: total!.views,
      watchedMs: Number(total!.watchedMs),
      days: days.map(({ day, views, watchedMs }) => ({ day, views, watchedMs: Number(watchedMs) })),
    };
  }

  /** The same network always has the same id, which does not reveal its address. */
  private keyOf(spectator: Spectator): string {
    if ('userId' in spectator) return spectator.userId;
    const digest = hmac(this.key, spectator.network).slice(0, 32);
    return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}
