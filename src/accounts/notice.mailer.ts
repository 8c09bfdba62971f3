import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { letter } from '../platform/mail/letters.js';
import { Mailer } from '../platform/mail/mailer.js';
import { sql } from '../platform/database/sql.js';

/**
 * Mails owners about changes to their accounts, so that they notice changes by others. Not to an address that was never
 * verified: it may be a stranger's.
 */
@Injectable()
export class NoticeMailer {
  constructor(
    private readonly em: EntityManager,
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @OnEvent('mail-notice')
  async mailNotice({ userId, what, formerEmail }: EventOf<'account.changed'>): Promise<void> {
    const [user] = await sql<{ email: string; username: string; name: string; locale: string }>`
      select email, username, display_name as name, locale from users
      where id = ${userId} and email_verified_at is not null`.all(this.em);
    if (!user) return; // Deleted, or not verified.
    const { email, ...about } = user;
    await this.mailer.send({
      to: { address: formerEmail ?? email, name: about.name },
      ...letter(what, { ...about, origin: this.config.http.publicUrl }),
    });
  }
}
