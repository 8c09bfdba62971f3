import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Storage } from '../storage/storage.js';

const patienceMs = 3_000;

/** Alive: the process answers. Ready: its database and storage are available. */
@Injectable()
export class Health {
  private draining = false;

  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
  ) {}

  /** Reports not ready from now on, so that load balancers stop before connections end. */
  drain(): void {
    this.draining = true;
  }

  /** Names of failing checks; empty when ready. */
  async troubles(): Promise<string[]> {
    if (this.draining) return ['draining'];
    const checks = { database: this.em.fork().execute('select 1'), storage: this.storage.check() };
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => ((await succeeds(check)) ? [] : [name])),
    );
    return results.flat();
  }
}

const succeeds = (check: Promise<unknown>): Promise<boolean> =>
  Promise.race([
    check.then(
      () => true,
      () => false,
    ),
    new Promise<boolean>((resolve) => setTimeout(resolve, patienceMs, false).unref()),
  ]);
