import { MikroORM } from '@mikro-orm/core';
import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Bus } from '../bus/bus.js';
import { AfterCommit } from '../database/after-commit.js';
import { sql } from '../database/sql.js';
import { events, type EventName, type EventOf } from './events.js';

/** Records an event in the caller's transaction, so it commits with the rows or not at all. The relay does the rest. */
@Injectable()
export class Outbox {
  private readonly commits: AfterCommit;

  constructor(
    private readonly em: EntityManager,
    orm: MikroORM,
    bus: Bus,
  ) {
    this.commits = new AfterCommit(orm, () => bus.publish('relay', null));
  }

  async record<N extends EventName>(name: N, payload: EventOf<N>): Promise<void> {
    if (!this.em.isInTransaction()) throw new Error(`${name} must be recorded in the transaction that causes it`);
    await sql`
      insert into outbox_events (name, payload)
      values (${name}, ${JSON.stringify(events[name].parse(payload))}::jsonb)`.all(this.em);
    this.commits.expect();
  }

  /** Records many events of one kind in one statement. */
  async recordAll<N extends EventName>(name: N, payloads: EventOf<N>[]): Promise<void> {
    if (!this.em.isInTransaction()) throw new Error(`${name} must be recorded in the transaction that causes it`);
    await sql`
      insert into outbox_events (name, payload) select ${name}, payload
        from jsonb_array_elements(${JSON.stringify(payloads.map((payload) => events[name].parse(payload)))}::jsonb)
        payload`.all(this.em);
    this.commits.expect();
  }
}
