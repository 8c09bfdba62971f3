import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { letter } from '../platform/mail/letters.js';
import { Mailer } from '../platform/mail/mailer.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { ErasureService } from './erasure.service.js';
import { ExportLinks } from './export-links.service.js';
import { sql } from '../platform/database/sql.js';
import { isActive } from '../visibility/accounts.js';

interface Reader {
  email: string;
  username: string;
  display_name: string;
  locale: string;
}

@Injectable()
export class PersonalDataJobs {
  constructor(
    private readonly em: EntityManager,
    private readonly erasure: ErasureService,
    private readonly links: ExportLinks,
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @OnEvent('erase-account')
  erase({ userId }: EventOf<'account.closed'>, { signal }: JobContext): Promise<void> {
    return this.erasure.erase(userId, signal);
  }

  @OnEvent('mail-goodbye')
  async sayGoodbye({ userId }: EventOf<'account.erased'>): Promise<void> {
    const [to] = await sql<Reader & { verified: boolean }>`
      select email, username, display_name, locale, email_verified_at is not null as verified
      from users where id = ${userId} and erased_at is not null`.all(this.em);
    if (!to) return;
    if (to.verified) await this.send(to, 'accountDeleted');
    await this.erasure.forget(userId);
  }

  @OnEvent('mail-export')
  async mailExport({ exportId }: EventOf<'export.requested'>): Promise<void> {
    const [to] = await sql<Reader>`
      select u.email, u.username, u.display_name, u.locale from exports e join users u on u.id = e.user_id
      where e.id = ${exportId} and ${isActive()}`.all(this.em);
    const token = to && (await this.links.issue(exportId));
    if (!token) return;
    await this.send(to, 'exportReady', `${this.config.http.publicUrl}/api/users/me/export/archive?t=${token}`);
    await this.links.sent(exportId);
  }

  /** Handles accounts whose events were lost, and those whose last mail can't be sent. */
  @OnJob('accounts.sweep')
  async sweep(_payload: object, { signal }: JobContext): Promise<void> {
    const errors: unknown[] = [];
    for (const { userId, isErased } of await this.erasure.overdue()) {
      signal.throwIfAborted();
      const work = isErased ? this.erasure.forget(userId) : this.erasure.erase(userId, signal);
      // A failure must not keep the others from being handled.
      await work.catch((error: unknown) => errors.push(error));
    }
    if (errors.length) throw new AggregateError(errors, 'Some accounts were not erased');
  }

  private send(
    { email, username, display_name: name, locale }: Reader,
    mail: 'accountDeleted' | 'exportReady',
    link?: string,
  ) {
    const origin = this.config.http.publicUrl;
    const written = letter(mail, { name: name || email, username, locale, origin, ...(link && { link }) });
    return this.mailer.send({ to: { address: email, name }, ...written });
  }
}
