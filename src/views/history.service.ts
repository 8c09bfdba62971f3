import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { sql } from '../platform/database/sql.js';
import { MediaReader } from '../media/media-reader.service.js';
import { visibleTo } from '../visibility/medias.js';
import type { Keyset } from '../platform/database/keyset.js';
import type { PageQuery } from '../platform/http/page.js';

const latest: Keyset = {
  name: 'history',
  columns: [
    [sql.raw('v.last_viewed_at'), 'timestamptz'],
    [sql.raw('v.media_id'), 'uuid'],
  ],
  direction: 'desc',
};

interface WatchedRow {
  viewedAt: string;
  watchedMs: string;
}

/** What a user watched. Removing an entry does not change any counts. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly em: EntityManager,
    private readonly reader: MediaReader,
  ) {}

  list(userId: string, query: PageQuery) {
    return this.reader.page(
      userId,
      {
        keyset: latest,
        join: sql`join views v on v.media_id = m.id and v.user_id = ${userId} and v.in_history`,
        where: [visibleTo(userId)],
      },
      query,
      {
        columns: sql<WatchedRow>`v.last_viewed_at as "viewedAt", v.watched_ms as "watchedMs"`,
        of: ({ viewedAt, watchedMs }) => ({
          viewedAt: isoTime(viewedAt),
          watchedMs: Number(watchedMs),
        }),
      },
    );
  }

  /** @param url of one media; without it, everything */
  async forget(userId: string, url?: string): Promise<void> {
    await sql`
      update views set in_history = false where user_id = ${userId} and in_history
      and (${url ?? null}::text is null or media_id = (select id from medias where url = ${url ?? null}))`.all(this.em);
  }
}
