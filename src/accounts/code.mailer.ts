import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { Mailer } from '../platform/mail/mailer.js';
import { letter } from '../platform/mail/letters.js';
import { CodesService } from './codes.service.js';
import { PasswordResetLinks } from './password-reset-links.service.js';
import type { CodePurpose } from './one-time-code.entity.js';
import { sql } from '../platform/database/sql.js';

/** The mail for each purpose. */
const mails = { verify_email: 'verifyEmail', reset_password: 'resetPassword', change_email: 'changeEmail' } as const;

interface Asked {
  user_id: string;
  purpose: CodePurpose;
  email: string;
  locale: string;
  expires_at: Date;
  valid_ms: number;
}

/**
 * Mails requested codes. The address may belong to a stranger, so these mails contain nothing that the account chose,
 * not even its name: it could be a message to them.
 */
@Injectable()
export class CodeMailer {
  constructor(
    private readonly em: EntityManager,
    private readonly codes: CodesService,
    private readonly links: PasswordResetLinks,
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @OnEvent('mail-code')
  async mailCode({ codeId }: EventOf<'code.requested'>): Promise<void> {
    // For an address without an account there is no row, and no mail.
    const [asked] = await sql<Asked>`
      select c.user_id, c.purpose, case c.purpose when 'change_email' then u.pending_email else u.email
        end as
        email,
        u.locale, c.expires_at, (extract(epoch from c.expires_at - now()) * 1000)::int as valid_ms
      from one_time_codes c join users u on u.id = c.user_id where c.id = ${codeId}
        and c.expires_at > now()`.all(this.em);
    if (!asked) return;
    const { user_id: userId, purpose, email, locale, expires_at: expiresAt, valid_ms: validForMs } = asked;
    // Together: whoever forgets the code waits for its link, and revokes that next.
    const issued = await this.em.transactional(async () => {
      const digits = await this.codes.issue(codeId);
      if (!digits) return null;
      return { digits, link: purpose === 'reset_password' && (await this.links.issue(userId, new Date(expiresAt))) };
    });
    if (!issued) return;
    const { digits, link } = issued;
    const origin = this.config.http.publicUrl;
    await this.mailer.send({
      to: { address: email },
      ...letter(mails[purpose], { locale, origin, code: { digits, validForMs }, ...(link && { link }) }),
    });
    await this.codes.sent(codeId);
  }
}
