import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { letter } from '../platform/mail/letters.js';
import { BadAddress, Mailer, MailNotConfigured } from '../platform/mail/mailer.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { visibleTo } from '../visibility/medias.js';
import type { KindName } from './kinds.js';
import { PreferencesService } from './preferences.service.js';
import { sentence, type Told } from './sentences.js';
import { isActive } from '../visibility/accounts.js';

/** Under constant activity, a mail is sent after this many times the quiet time. */
const patience = 6;
const maxLines = 20;
const maxTries = 6;

interface Reader {
  email: string;
  username: string;
  name: string;
  locale: string;
}
type Line = Omit<Told, 'name'> & { kind: KindName; name: string | null };

/** Mails notifications together, once it is quiet, without those read in the app by then. */
@Injectable()
export class DigestsJobs {
  private readonly logger = new Logger('Digests');

  constructor(
    private readonly em: EntityManager,
    private readonly mailer: Mailer,
    private readonly preferences: PreferencesService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @OnJob('digests.sweep')
  async sweep(_payload: object, { signal }: JobContext): Promise<void> {
    const quiet = `${this.config.digestAfterMs} milliseconds`;
    const due = await sql<{ user_id: string }>`
      select user_id from notification_entries where mail and mailed_at is null group by user_id
      having (max(created_at) <= now() - ${quiet}::interval
          or min(created_at) <= now() - ${patience} * ${quiet}::interval)
        and coalesce(max(mail_after), now()) <= now()
      order by min(created_at) limit 1000`.all(this.em);
    for (const { user_id } of due) {
      signal.throwIfAborted();
      // One failing mailbox must not hold up other mails.
      await this.mail(user_id).catch((error: unknown) => this.postpone(user_id, error));
    }
  }

  /**
   * Retries after 1 minute, then after four times as long each, for about a day; permanent refusals are given up at
   * once.
   */
  private async postpone(userId: string, error: unknown): Promise<void> {
    const { responseCode = 0 } = error as { responseCode?: number };
    const isRefused = error instanceof BadAddress || (responseCode >= 550 && responseCode < 560);
    this.logger.warn({ userId, isRefused, err: error }, 'digest could not be sent');
    await sql`
      update notification_entries set mail_tries = mail_tries + 1,
        mail_after = now() + interval '1 minute' * power(4, least(mail_tries, ${maxTries})),
        mailed_at = case when ${isRefused} or mail_tries >= ${maxTries} then now() end
      where user_id = ${userId} and mail and mailed_at is null`.all(this.em);
  }

  /** Marked in the transaction that sends: a failed mail is retried, a sent one is not. */
  private mail(userId: string): Promise<void> {
    return this.em.transactional(async (em) => {
      const entries = await sql<{ notification_id: string }>`
        update notification_entries e set mailed_at = now() where e.id = any(array(select id from notification_entries
        where user_id = ${userId} and mail and mailed_at is null order by id for update skip locked))
          returning notification_id`.all(em);
      const [reader] = await sql<Reader>`
        select email, username, display_name as name, locale from users
        where id = ${userId} and ${isActive('users')} and email_verified_at is not null`.all(em);
      const lines = reader ? await this.lines(em, userId, new Set(entries.map((entry) => entry.notification_id))) : [];
      if (reader && lines.length) await this.send(userId, reader, lines);
    });
  }

  private async lines(em: EntityManager, userId: string, ids: Set<string>): Promise<Line[]> {
    const rows = await sql<Line>`
      select n.kind, n.actors_count as "actorsCount", last.display_name as name, last.emoji, f.filename,
        (select json_build_object('title', m.title, 'type', m.type) from medias m where m.id = n.media_id) as media
      from notifications n left join files f on f.id = n.file_id
      cross join lateral (select a.display_name, e.emoji from notification_entries e left join users a
        on a.id = e.actor_id
        where e.notification_id = n.id order by e.id desc limit 1) last
      where n.id = any(${[...ids]}::uuid[]) and n.read_at is null
        and (n.media_id is null or exists (select 1 from medias m where m.id = n.media_id and ${visibleTo(userId)}))
      order by n.id desc limit ${maxLines}`.all(em);
    return rows;
  }

  private async send(userId: string, { email, ...about }: Reader, lines: Line[]): Promise<void> {
    const origin = this.config.http.publicUrl;
    const link = `${origin}/api/notifications/unsubscribe?t=${this.preferences.tokenOf(userId)}`;
    const told = lines.map(({ name, media, ...line }) =>
      sentence(
        {
          ...line,
          name: name === null ? undefined : withoutLinks(name),
          media: media && { ...media, title: withoutLinks(media.title) },
        },
        about.locale,
      ),
    );
    try {
      await this.mailer.send({
        to: { address: email, name: about.name },
        ...letter('digest', { ...about, origin, lines: told, link }),
        headers: { 'List-Unsubscribe': `<${link}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
      });
    } catch (error) {
      // Without a mail server entries count as mailed, so that they do not pile up.
      if (!(error instanceof MailNotConfigured)) throw error;
    }
  }
}

/** Names are chosen by users, and mail programs turn anything like an address into a link. */
const withoutLinks = (name: string) => name.replaceAll(/:\/\/|\.(?=\S)/g, ' ');
