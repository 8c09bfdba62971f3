import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { sql } from '../platform/database/sql.js';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { amounts } from '../platform/limits/amounts.js';
import { isPushService } from './push-services.js';
import type { SubscribeBody } from './push.schemas.js';
import { vapidOf } from './vapid.js';

/** Which browsers are pushed to. */
@Injectable()
export class PushService {
  readonly key: string;

  constructor(
    private readonly em: EntityManager,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.key = vapidOf(config.secret).publicKey;
  }

  /**
   * Again with the same endpoint, it belongs to whoever came last: one browser, in which somebody else signed in. Beyond
   * the maximum the oldest one ends, as nobody knows it any more.
   * @throws {Problem} `push_endpoint_refused`
   */
  async subscribe({ id, sessionId, key }: Viewer, { endpoint, keys }: SubscribeBody): Promise<void> {
    if (!isPushService(endpoint, this.config.push.hosts)) throw new Problem('push_endpoint_refused');
    await this.em.transactional(async (em) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`push:${id}`}, 0))`.all(em);
      await sql`
        insert into push_subscriptions (user_id, session_id, api_key_id, endpoint, p256dh, auth)
        values (${id}, ${sessionId ?? null}, ${key?.id ?? null}, ${endpoint}, ${keys.p256dh}, ${keys.auth})
        on conflict (md5(endpoint)) do update set id = excluded.id, user_id = excluded.user_id, session_id = excluded.session_id,
          api_key_id = excluded.api_key_id, p256dh = excluded.p256dh, auth = excluded.auth, failures = 0, paused_until = null`.all(
        em,
      );
      await sql`
        delete from push_subscriptions where id in (
          select id from push_subscriptions where user_id = ${id} order by id desc offset ${amounts.pushes.max})`.all(
        em,
      );
    });
  }

  async unsubscribe(userId: string, endpoint: string): Promise<void> {
    await sql`
      delete from push_subscriptions where md5(endpoint) = md5(${endpoint}) and user_id = ${userId}`.all(this.em);
  }
}
