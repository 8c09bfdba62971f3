import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { Mailer } from '../platform/mail/mailer.js';
import { verificationMail } from '../platform/mail/templates.js';
import { CodesService } from './codes.service.js';

/** Mails the codes people ask for. */
@Injectable()
export class CodeMailer {
  constructor(
    private readonly em: EntityManager,
    private readonly codes: CodesService,
    private readonly mailer: Mailer,
  ) {}

  @OnEvent('code.requested', 'mail-code', 'mail')
  async mailCode({ codeId }: EventOf<'code.requested'>): Promise<void> {
    const [to] = await this.em.execute<{ email: string; display_name: string; locale: string; valid_ms: number }[]>(
      `select u.email, u.display_name, u.locale, (extract(epoch from c.expires_at - now()) * 1000)::int as valid_ms
       from one_time_codes c join users u on u.id = c.user_id where c.id = ? and c.expires_at > now()`,
      [codeId],
    );
    const code = to && (await this.codes.issue(codeId));
    if (!code) return;
    await this.mailer.send({
      to: { address: to.email, name: to.display_name },
      ...verificationMail({ name: to.display_name, code, validForMs: to.valid_ms }, to.locale),
    });
    await this.codes.sent(codeId);
  }
}
