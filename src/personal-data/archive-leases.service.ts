import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { finished, type Readable } from 'node:stream';
import { sql } from '../platform/database/sql.js';
import { Problem } from '../platform/http/problems.js';
import { isActive } from '../visibility/accounts.js';

/** A download that has been silent for so long counts as dead, with its process. */
const leaseMs = 15_000;
const lease = sql`now() + ${leaseMs} * interval '1 millisecond'`;

/** The link that an archive is downloaded with. */
interface Link {
  id: string;
  userId: string;
}

/** One archive at a time per account, over all processes, by a lease in the row of its link. */
@Injectable()
export class ArchiveLeases {
  private readonly logger = new Logger('PersonalData');

  constructor(private readonly em: EntityManager) {}

  /**
   * Opens the archive, and holds the lease until it is closed. The archive ends with its link: when the password is
   * changed, and when the account is closed.
   * @throws {Problem} `archive_in_progress`, `export_expired`
   */
  async hold(link: Link, open: () => Promise<Readable>): Promise<Readable> {
    const reader = randomUUID();
    await this.take(link, reader);
    const archive = await open().catch(async (error: unknown) => {
      await this.release(link, reader);
      throw error;
    });
    const renewal = setInterval(() => void this.renew(link, reader, archive), leaseMs / 5).unref();
    finished(archive, () => {
      clearInterval(renewal);
      void this.release(link, reader);
    });
    return archive;
  }

  private async take({ id, userId }: Link, reader: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const links = await sql<{ id: string; isRead: boolean }>`
        select id, coalesce(reader_until > now(), false) as "isRead" from exports where user_id = ${userId}
        order by id for update`.all(em);
      if (!links.some((link) => link.id === id)) throw new Problem('export_expired');
      if (links.some(({ isRead }) => isRead))
        throw new Problem('archive_in_progress', { headers: { 'retry-after': String(leaseMs / 1_000) } });
      await sql`update exports set reader = ${reader}, reader_until = ${lease} where id = ${id}`.all(em);
    });
  }

  /** On an error the next renewal tries again. */
  private async renew({ id, userId }: Link, reader: string, archive: Readable): Promise<void> {
    try {
      const [held] = await sql`
        update exports e set reader_until = ${lease} from users u
        where e.id = ${id} and e.reader = ${reader} and u.id = e.user_id and ${isActive()} returning 1`.all(this.em);
      if (held || archive.destroyed) return;
      this.logger.log({ userId }, 'archive aborted: its link was revoked');
      archive.destroy();
    } catch (error) {
      this.logger.warn({ userId, err: error }, 'could not renew the lease of an archive');
    }
  }

  /** If it fails, the lease ends by itself. */
  private async release({ id, userId }: Link, reader: string): Promise<void> {
    try {
      await sql`
        update exports set reader = null, reader_until = null where id = ${id} and reader = ${reader}`.all(this.em);
    } catch (error) {
      this.logger.warn({ userId, err: error }, 'could not end the lease of an archive');
    }
  }
}
