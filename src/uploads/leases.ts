import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { EntityManager as Manager } from '@mikro-orm/postgresql';
import { Problem } from '../platform/http/problems.js';

/** Silence after which a writer counts as dead. */
const leaseMs = 15_000;
const patienceMs = 10_000;

/**
 * One writer per upload, over all processes: the lease is in the upload's row. A newer request asks the older one of
 * the same process to stop (its client has come back over a new connection), and waits for one in another process.
 */
@Injectable()
export class Leases {
  private readonly em: EntityManager;
  private readonly holders = new Map<string, () => void>();

  constructor(em: Manager) {
    this.em = em.fork();
  }

  /** For `@tus/server`. */
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
    const writer = randomUUID();
    const deadline = Date.now() + patienceMs;
    while (!(await this.take(id, writer))) {
      this.holders.get(id)?.();
      if (Date.now() > deadline || signal?.aborted)
        throw new Problem('upload_locked', { headers: { 'retry-after': '5' } });
      await sleep(100);
    }
    this.holders.set(id, onWanted);
    const renewal = setInterval(
      () => void this.take(id, writer).catch(() => clearInterval(renewal)),
      leaseMs / 3,
    ).unref();
    return async () => {
      clearInterval(renewal);
      if (this.holders.get(id) === onWanted) this.holders.delete(id);
      await this.em.execute('update uploads set writer = null, writer_until = null where id::text = ? and writer = ?', [
        id,
        writer,
      ]);
    };
  }

  /** Takes or renews. An upload that does not exist is nobody's: whoever asks finds that out next. */
  private async take(id: string, writer: string): Promise<boolean> {
    const [row] = await this.em.execute<{ taken: boolean }[]>(
      `with u as (select id from uploads where id::text = :id), t as (
         update uploads set writer = :writer, writer_until = now() + interval '${leaseMs} milliseconds'
         where id in (select id from u) and (writer is null or writer = :writer or writer_until < now()) returning 1)
       select exists (select 1 from t) or not exists (select 1 from u) as taken`
        .replaceAll(':id', '?')
        .replaceAll(':writer', '?::uuid'),
      [id, writer, writer],
    );
    return row!.taken;
  }
}
