import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { notBlocked } from '../visibility/relations.js';
import type { Keyset } from '../platform/database/keyset.js';
import type { PageQuery } from '../platform/http/page.js';
import { refuseBeyond } from '../platform/limits/amounts.js';
import type { Viewer } from '../platform/http/viewer.js';
import { ProfileReader } from '../users/profile-reader.service.js';
import { UserPairs } from '../users/user-pairs.service.js';
import type { Relation } from '../users/users.schemas.js';

const newest: Keyset = { name: 'mutes', columns: [[sql.raw('x.id'), 'uuid']], direction: 'desc' };

/** Users hidden from somebody's lists and notifications. */
@Injectable()
export class MutesService {
  constructor(
    private readonly em: EntityManager,
    private readonly pairs: UserPairs,
    private readonly profiles: ProfileReader,
  ) {}

  list({ id }: Viewer, query: PageQuery) {
    const join = sql`join mutes x on x.muted_id = u.id`;
    const where = [sql<boolean>`x.muter_id = ${id}`, notBlocked(id, 'u.id')];
    return this.profiles.page(id, { keyset: newest, join, where }, query);
  }

  /** @returns whether the mute is new */
  mute(viewer: Viewer, username: string): Promise<{ isNew: boolean; relation: Relation }> {
    return this.em.transactional(async (em) => {
      const { id } = await this.pairs.hold(em, viewer, username);
      const added = await sql`
        insert into mutes (muter_id, muted_id) values (${viewer.id}, ${id}) on conflict do nothing returning 1`.all(em);
      if (added.length) await refuseBeyond(em, 'mutes', viewer.id, sql`from mutes where muter_id = ${viewer.id}`);
      return { isNew: added.length > 0, relation: await this.profiles.relation(viewer.id, id) };
    });
  }

  async unmute(viewer: Viewer, username: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const { id } = await this.pairs.hold(em, viewer, username);
      await sql`delete from mutes where muter_id = ${viewer.id} and muted_id = ${id}`.all(em);
    });
  }
}
