import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { CredentialsService } from '../auth/credentials.service.js';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { sha256 } from '../platform/secrets.js';
import { Storage } from '../platform/storage/storage.js';
import { ArchiveLeases } from './archive-leases.service.js';
import { archiveOf } from './archive.js';
import { sql } from '../platform/database/sql.js';
import { isActive } from '../visibility/accounts.js';

/** How long a mailed link is valid. */
const linkMs = 48 * 3_600_000;

/** Links to archives of everything an account owns. */
@Injectable()
export class ExportsService {
  private readonly logger = new Logger('PersonalData');

  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly outbox: Outbox,
    private readonly credentials: CredentialsService,
    private readonly leases: ArchiveLeases,
  ) {}

  /**
   * A job generates and mails the link.
   * @returns when it will expire
   * @throws {Problem} `bad_credentials` if the session or key has ended meanwhile
   */
  request(viewer: Viewer): Promise<{ expiresAt: string }> {
    const expiresAt = new Date(Date.now() + linkMs);
    return this.em.transactional(async (em) => {
      await this.credentials.hold(viewer);
      const [row] = await sql<{ id: string }>`
        insert into exports (user_id, expires_at) values (${viewer.id}, ${expiresAt}) returning id`.all(em);
      await this.outbox.record('export.requested', { exportId: row!.id });
      return { expiresAt: expiresAt.toISOString() };
    });
  }

  /** @throws {Problem} `export_expired`, also for an unknown link; `archive_in_progress` */
  async open(token: string): Promise<{ username: string; archive: Readable }> {
    const [found] = await sql<{ id: string; userId: string; username: string }>`
      select e.id, u.id as "userId", u.username from exports e join users u on u.id = e.user_id
      where e.token_hash = ${sha256(token)} and e.expires_at > now() and ${isActive()}`.all(this.em);
    if (!found) throw new Problem('export_expired');
    const { userId, username } = found;
    const onError = (error: unknown) => this.logger.error({ userId, err: error }, 'archive aborted');
    const open = () => archiveOf(userId, this.em.fork(), this.storage, onError);
    return { username, archive: await this.leases.hold(found, open) };
  }
}
