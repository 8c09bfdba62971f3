import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import { randomToken, sha256 } from '../platform/secrets.js';
import { Storage } from '../platform/storage/storage.js';
import { archiveOf } from './archive.js';

/** How long a mailed link is good. */
const linkMs = 48 * 3_600_000;

/** Links to archives of everything an account owns. */
@Injectable()
export class ExportsService {
  private readonly logger = new Logger('PersonalData');

  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly outbox: Outbox,
  ) {}

  /** The link is made and mailed by a job. @returns until when it will be good */
  request(userId: string): Promise<{ expiresAt: string }> {
    const expiresAt = new Date(Date.now() + linkMs);
    return this.em.transactional(async (em) => {
      const [row] = await em.execute<{ id: string }[]>(
        'insert into exports (user_id, expires_at) values (?, ?) returning id',
        [userId, expiresAt],
      );
      await this.outbox.record('export.requested', { exportId: row!.id });
      return { expiresAt: expiresAt.toISOString() };
    });
  }

  /** Makes the link's secret and keeps its hash. Null when it was mailed already. A second run makes another. */
  async issue(exportId: string): Promise<string | null> {
    const token = randomToken();
    const issued = await this.em.execute<unknown[]>(
      'update exports set token_hash = ? where id = ? and sent_at is null and expires_at > now() returning id',
      [sha256(token), exportId],
    );
    return issued.length ? token : null;
  }

  async sent(exportId: string): Promise<void> {
    await this.em.execute('update exports set sent_at = now() where id = ?', [exportId]);
  }

  /** @throws {Problem} `export_expired`, also for a link that never was */
  async open(token: string): Promise<{ username: string; archive: Readable }> {
    const [found] = await this.em.execute<{ id: string; username: string }[]>(
      `select u.id, u.username from exports e join users u on u.id = e.user_id
       where e.token_hash = ? and e.expires_at > now() and u.disabled_at is null`,
      [sha256(token)],
    );
    if (!found) throw new Problem('export_expired');
    const onError = (error: unknown) => this.logger.error({ userId: found.id, err: error }, 'archive broke off');
    return { username: found.username, archive: await archiveOf(found.id, this.em.fork(), this.storage, onError) };
  }
}
