import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../platform/http/problems.js';
import { isUuid } from './upload-records.js';
import { sql } from '../platform/database/sql.js';

/** A writer that has been silent for so long counts as dead. */
const leaseMs = 15_000;
const patienceMs = 10_000;

/**
 * One writer per upload, over all processes, by a lease in the upload's row. A newer request makes the older one of the
 * same process stop (its client has reconnected), and waits for one in another process.
 */
@Injectable()
export class Leases {
  private readonly logger = new Logger('Leases');
  private readonly em: EntityManager;
  private readonly holders = new Map<string, () => void>();

  constructor(em: EntityManager) {
    this.em = em.fork();
  }

  /** The lock interface of `@tus/server`. */
  newLock(id: string) {
    let release: (() => Promise<void>) | undefined;
    return {
      lock: async (signal: AbortSignal, onWanted: () => void) => {
        release = await this.acquire(id, onWanted, signal);
      },
      unlock: async () => release?.(),
    };
  }

  async hold<T>(id: string, work: () => Promise<T>): Promise<T> {
    const release = await this.acquire(id, () => {});
    try {
      return await work();
    } finally {
      await release();
    }
  }

  /** @throws {Problem} `upload_locked` */
  private async acquire(id: string, onWanted: () => void, signal?: AbortSignal): Promise<() => Promise<void>> {
    if (!isUuid(id)) throw new Problem('upload_not_found');
    const writer = randomUUID();
    const deadline = Date.now() + patienceMs;
    while (!(await this.take(id, writer))) {
      this.holders.get(id)?.();
      if (Date.now() > deadline || signal?.aborted)
        throw new Problem('upload_locked', { headers: { 'retry-after': '5' } });
      await sleep(100);
    }
    this.holders.set(id, onWanted);
    const renewal = setInterval(() => void this.renew(id, writer, onLost), leaseMs / 5).unref();
    const onLost = () => {
      clearInterval(renewal);
      onWanted();
    };
    return async () => {
      clearInterval(renewal);
      if (this.holders.get(id) === onWanted) this.holders.delete(id);
      await sql`
        update uploads set writer = null, writer_until = null where id = ${id} and writer = ${writer}`.all(this.em);
    };
  }

  /**
   * On an error the next renewal tries again. A lease taken by somebody else, or whose upload is gone, is lost: its
   * holder must stop. A lease released meanwhile is not taken again.
   */
  private async renew(id: string, writer: string, onLost: () => void): Promise<void> {
    try {
      const [row] = await sql`
        update uploads set writer_until = now() + ${leaseMs} * interval '1 millisecond'
        where id = ${id} and writer = ${writer} returning 1`.all(this.em);
      if (!row) onLost();
    } catch (error) {
      this.logger.warn({ uploadId: id, err: error }, 'could not renew the lease');
    }
  }

  /** An unknown upload counts as taken: the caller finds out next that it does not exist. */
  private async take(id: string, writer: string): Promise<boolean> {
    const [row] = await sql<{ taken: boolean }>`
      with t as (
        update uploads set writer = ${writer}, writer_until = now() + ${leaseMs} * interval '1 millisecond'
        where id = ${id} and (writer is null or writer_until < now()) returning 1)
      select exists (select 1 from t) or not exists (select 1 from uploads where id = ${id}) as taken`.all(this.em);
    return row!.taken;
  }
}
