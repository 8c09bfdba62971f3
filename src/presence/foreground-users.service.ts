import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { isInForeground } from '../platform/realtime/online.js';

/** Who has Vitrine before their eyes, on any device: they need no push. */
@Injectable()
export class ForegroundUsers {
  constructor(private readonly em: EntityManager) {}

  /** @returns those of `userIds` with a socket that said it is in the foreground, at any process */
  async of(userIds: readonly string[]): Promise<Set<string>> {
    const rows = await sql<{ id: string }>`
      select x.id from unnest(${userIds}::uuid[]) as x (id) where ${isInForeground(sql.ident('x', 'id'))}`.all(this.em);
    return new Set(rows.map(({ id }) => id));
  }
}
