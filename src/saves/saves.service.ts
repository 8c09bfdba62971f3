import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { sql } from '../platform/database/sql.js';
import { MovedCounts } from '../counters/moved-counts.service.js';
import { MediaAccess } from '../media/media-access.service.js';
import { MediaReader } from '../media/media-reader.service.js';
import { visibleTo } from '../visibility/medias.js';
import { refuseBeyond } from '../platform/limits/amounts.js';
import type { PageQuery } from '../platform/http/page.js';

/** Bookmarks that only their user sees. */
@Injectable()
export class SavesService {
  constructor(
    private readonly em: EntityManager,
    private readonly access: MediaAccess,
    private readonly reader: MediaReader,
    private readonly moved: MovedCounts,
  ) {}

  /**
   * @returns whether the save is new
   * @throws {Problem} `media_not_found`
   */
  async save(userId: string, url: string): Promise<boolean> {
    const { id, isNew } = await this.em.transactional(async (em) => {
      const media = await this.access.hold(em, userId, url);
      const added = await sql`
        insert into saves (media_id, user_id) values (${media.id}, ${userId})
          on conflict do nothing returning 1`.all(em);
      if (added.length) await refuseBeyond(em, 'saves', userId, sql`from saves where user_id = ${userId}`);
      return { id: media.id, isNew: added.length > 0 };
    });
    if (isNew) this.moved.ofMedia(id);
    return isNew;
  }

  /** @throws {Problem} `media_not_found` */
  async unsave(userId: string, url: string): Promise<void> {
    const isTheirs = sql<boolean>`exists (select 1 from saves s where s.media_id = m.id and s.user_id = ${userId})`;
    const id = await this.em.transactional(async (em) => {
      const media = await this.access.holdToTakeBack(em, userId, url, isTheirs);
      await sql`delete from saves where media_id = ${media.id} and user_id = ${userId}`.all(em);
      return media.id;
    });
    this.moved.ofMedia(id);
  }

  /** The saved medias that can still be seen, the latest first. */
  list(userId: string, query: PageQuery) {
    return this.reader.page(
      userId,
      {
        keyset: { name: 'saved', columns: [[sql.raw('s.id'), 'uuid']], direction: 'desc' },
        join: sql`join saves s on s.media_id = m.id and s.user_id = ${userId}`,
        where: [visibleTo(userId)],
      },
      query,
      {
        columns: sql<{ savedAt: string }>`s.created_at as "savedAt"`,
        of: ({ savedAt }) => ({ savedAt: isoTime(savedAt) }),
      },
    );
  }
}
