import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger, Module } from '@nestjs/common';
import { Failures } from '../queue/failures.js';
import { OnJob, type JobContext } from '../queue/on-job.js';
import { sql, type Statement } from './sql.js';

/** Rows with a limited lifetime. Deleted in slices, so that no statement holds locks for long. */
const kept: Record<string, Statement> = {
  outbox_events: sql`dispatched_at < now() - interval '7 days'`,
  idempotency_keys: sql`created_at < now() - interval '24 hours'`,
  sessions: sql`expires_at < now() - interval '30 days' or ended_at < now() - interval '30 days'`,
  api_keys: sql`revoked_at < now() - interval '30 days' or expires_at < now() - interval '30 days'`,
  'limits.rates': sql`expire < extract(epoch from now()) * 1000`,
  'realtime.log': sql`at < now() - interval '7 days'`,
  // A download may take longer than its link is valid.
  exports: sql`expires_at < now() and (reader_until is null or reader_until < now())`,
  // Their counts are already in media_view_days.
  views: sql`user_id is null and last_viewed_at < now() - interval '30 days' and pending = 0 and pending_ms = 0`,
  notifications: sql`created_at < now() - interval '180 days'`,
  mailed_acts: sql`mailed_at < now() - interval '7 days'`,
  notification_pushes: sql`due_at is null and pushed_at < now() - interval '1 day'`,
  stranger_pushes: sql`pushed_at < now() - interval '1 day'`,
  address_counts: sql`since < now() - interval '1 day'`,
  password_reset_links: sql`expires_at < now()`,
  one_time_codes: sql`expires_at < now() - interval '1 day'`,
};
const slice = 5_000;

@Injectable()
class Expiry {
  private readonly logger = new Logger('Expiry');

  constructor(private readonly em: EntityManager) {}

  @OnJob('rows.expire')
  async expire(_payload: object, { signal }: JobContext): Promise<void> {
    const failures = new Failures(this.logger, signal);
    for (const [table, condition] of Object.entries(kept))
      await failures.attempt({ table }, () => this.expireRows(table, condition, signal));
    failures.throwIfAny();
  }

  private async expireRows(table: string, condition: Statement, signal: AbortSignal): Promise<void> {
    let gone: unknown[];
    do {
      signal.throwIfAborted();
      gone = await sql`
        delete from ${sql.ident(table)} where ctid = any(array(
        select ctid from ${sql.ident(table)} where ${condition} limit ${slice})) returning 1`.all(this.em);
    } while (gone.length === slice);
  }
}

@Module({ providers: [Expiry] })
export class ExpiryModule {}
