import { MikroORM } from '@mikro-orm/core';
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { AfterCommit } from '../database/after-commit.js';
import { sql } from '../database/sql.js';
import { liveEvents, type IdsOf, type LiveEventName } from './live-events.js';
import { Sequencer } from './sequencer.js';

/** Users per row of `realtime.pending`. */
const maxUsers = 1_000;

/** Tells the sockets of users, once the caller's transaction has committed. */
@Injectable()
export class Live {
  private readonly commits: AfterCommit;

  constructor(
    private readonly em: EntityManager,
    orm: MikroORM,
    sequencer: Sequencer,
  ) {
    this.commits = new AfterCommit(orm, () => sequencer.wake());
  }

  /** @param userIds of any number */
  async record<N extends LiveEventName>(userIds: readonly string[], name: N, ids: IdsOf<N>): Promise<void> {
    if (!this.em.isInTransaction()) throw new Error(`${name} must be recorded in the transaction that causes it`);
    const text = JSON.stringify(liveEvents[name].parse(ids));
    for (let i = 0; i < userIds.length; i += maxUsers)
      await sql`
        insert into realtime.pending (user_ids, name, ids)
        values (${userIds.slice(i, i + maxUsers)}::uuid[], ${name}, ${text}::jsonb)`.all(this.em);
    this.expect();
  }

  /** The caller's transaction changes rows whose triggers record it. */
  expect(): void {
    this.commits.expect();
  }
}
