import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { Problem } from '../platform/http/problems.js';
import { deriveKey, hmac, sameSecret } from '../platform/secrets.js';
import { kindNames, kinds, type KindName } from './kinds.js';
import type { Channels, Preferences, PreferencesBody } from './notifications.schemas.js';
import { sql } from '../platform/database/sql.js';

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** What a user wants to be notified of, and where. */
@Injectable()
export class PreferencesService {
  private readonly key: Buffer;

  constructor(
    private readonly em: EntityManager,
    @Inject(CONFIG) config: Config,
  ) {
    this.key = deriveKey(config.secret, 'unsubscribe');
  }

  async read(userId: string): Promise<Preferences> {
    const chosen = await sql<
      Channels & { kind: KindName }
    >`select kind, in_app as "inApp", email, push from notification_preferences where user_id = ${userId}`.all(this.em);
    const entries = kindNames.map((kind): [KindName, Channels] => {
      const { inApp, email, push } = chosen.find((row) => row.kind === kind) ?? byDefault(kind);
      return [kind, { inApp, email, push }];
    });
    return Object.fromEntries(entries) as Preferences;
  }

  /** Changes only the given fields. */
  async change(userId: string, body: PreferencesBody): Promise<Preferences> {
    await this.em.transactional(async (em) => {
      for (const [kind, { inApp, email, push }] of Object.entries(body) as [KindName, Partial<Channels>][]) {
        const otherwise = byDefault(kind);
        await sql`
          insert into notification_preferences as p (user_id, kind, in_app, email, push)
          values (${userId}, ${kind}, ${inApp ?? otherwise.inApp}, ${email ?? otherwise.email}, ${
            push ?? otherwise.push
          })
          on conflict (user_id, kind) do update set in_app = coalesce(${inApp}, p.in_app),
            email = coalesce(${email}, p.email), push = coalesce(${push}, p.push)`.all(em);
      }
      await this.forgetMails(em, userId);
    });
    return this.read(userId);
  }

  /** For the link in a mail: it lets its holder end the mails, and nothing else. */
  tokenOf = (userId: string): string => `${userId}.${hmac(this.key, userId, 'base64url')}`;

  /** @throws {Problem} `not_found` for a token that is not ours */
  async unsubscribe(token: string): Promise<void> {
    const userId = token.slice(0, 36);
    if (!uuid.test(userId) || !sameSecret(token, this.tokenOf(userId))) throw new Problem('not_found');
    const none = Object.fromEntries(kindNames.map((kind) => [kind, { email: false }]));
    const users = await sql`select 1 from users where id = ${userId}`.all(this.em);
    if (users.length) await this.change(userId, none);
  }

  /** Mails that are pending and no longer wanted. */
  private async forgetMails(em: EntityManager, userId: string): Promise<void> {
    await sql`
      update notification_entries e set mail = false from notifications n, notification_preferences p
      where e.user_id = ${userId} and e.mail and e.mailed_at is null and n.id = e.notification_id
        and p.user_id = e.user_id and p.kind = n.kind and not p.email`.all(em);
  }
}

const byDefault = (kind: KindName): Channels => ({ inApp: true, email: kinds[kind].email, push: true });
