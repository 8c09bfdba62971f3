import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import webPush from 'web-push';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { vapidOf, type Vapid } from './vapid.js';

/** Seconds; a push service keeps it for a browser that is not there. */
const keptFor = 86_400;
const timeoutMs = 10_000;
/** Bytes of JSON: encrypted and padded it must stay below 4,096 (RFC 8030, 7.2). */
const maxBytes = 3_000;

/** In a row, until a subscription is given up: with the pauses between them, after days. */
const maxFailures = sql.raw('10');
/** Each time twice as long. */
const pause = sql`interval '5 minutes' * power(2, failures)`;

/** Condition on a subscription: its push service did not fail just now. */
export const isNotPaused = (s: string): Statement<boolean> =>
  sql<boolean>`coalesce(${sql.ident(s, 'paused_until')} < now(), true)`;

interface Subscription {
  id: string;
  endpoint: string;
  p256dh: string;
  auth: string;
  failures: number;
}

/** Pushes to the browsers of users. */
@Injectable()
export class PushSender {
  private readonly vapid: Vapid;

  constructor(
    private readonly em: EntityManager,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.vapid = vapidOf(config.secret);
  }

  /** The subscriptions of a user. @returns their ids: each is pushed to, and tried again, by itself */
  async of(userId: string): Promise<string[]> {
    return (await this.alive(sql<boolean>`p.user_id = ${userId} and ${isNotPaused('p')}`)).map(({ id }) => id);
  }

  /**
   * Nothing, if it has ended meanwhile. One that the push service does not know any more is forgotten, and so is one that
   * fails for days.
   * @param topic a later push with it takes the place of one that was not delivered yet: up to 32 of base64url
   * @throws if it could not be reached, to be tried again
   */
  async push(subscriptionId: string, topic: string, payload: object): Promise<void> {
    const text = JSON.stringify(payload);
    if (Buffer.byteLength(text) > maxBytes) throw new RangeError(`A push of ${Buffer.byteLength(text)} bytes`);
    const [subscription] = await this.alive(sql<boolean>`p.id = ${subscriptionId}`);
    if (!subscription) return;
    const { id, failures } = subscription;
    const status = await this.send(subscription, topic, text).catch(async (error: unknown) => {
      await this.failed(id);
      throw error;
    });
    // Nobody is subscribed there any more.
    if (status === 404 || status === 410) await sql`delete from push_subscriptions where id = ${id}`.all(this.em);
    else if (status >= 300) await this.failed(id);
    else if (failures)
      await sql`update push_subscriptions set failures = 0, paused_until = null where id = ${id}`.all(this.em);
    // Other refusals would come again, each time.
    if (status === 429 || status >= 500) throw new Error(`The push service answered ${status}`);
  }

  /** Once for each pause: many pushes may be under way, and each is tried several times. */
  private async failed(id: string): Promise<void> {
    const counts = sql<boolean>`s.id = ${id} and ${isNotPaused('s')}`;
    await sql`delete from push_subscriptions s where ${counts} and failures >= ${maxFailures} - 1`.all(this.em);
    await sql`
      update push_subscriptions s set failures = failures + 1, paused_until = now() + ${pause} where ${counts}`.all(
      this.em,
    );
  }

  /** @returns the status; nothing else of an answer is read, as anybody may have written it */
  private async send({ endpoint, p256dh, auth }: Subscription, topic: string, text: string): Promise<number> {
    const { method, headers, body } = webPush.generateRequestDetails({ endpoint, keys: { p256dh, auth } }, text, {
      vapidDetails: { subject: this.config.push.contact, ...this.vapid },
      ...{ topic, urgency: 'high', TTL: keptFor },
    });
    const { 'Content-Length': _, ...others } = headers as Record<string, string>;
    const answer = await fetch(endpoint, {
      ...{ method, body: new Uint8Array(body!), redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) },
      headers: Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)])),
    });
    await answer.body?.cancel();
    return answer.status;
  }

  /** Whose session or key has not ended. */
  private alive(which: Statement<boolean>): Promise<Subscription[]> {
    return sql<Subscription>`
      select p.id, p.endpoint, p.p256dh, p.auth, p.failures from push_subscriptions p
      left join sessions s on s.id = p.session_id left join api_keys k on k.id = p.api_key_id
      where ${which} and (s.id is null or (s.ended_at is null and s.expires_at > now()))
        and (k.id is null or (k.revoked_at is null and coalesce(k.expires_at > now(), true)))`.all(this.em);
  }
}
