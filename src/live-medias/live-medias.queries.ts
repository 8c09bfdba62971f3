import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { CommentAnswer } from '../comments/comments.schemas.js';
import type { MediaAnswer } from '../media/media.schemas.js';
import { commentCounts, mediaCounts } from '../media/visible-counts.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import { sql } from '../platform/database/sql.js';
import { isActive } from '../visibility/accounts.js';
import { visibleTo } from '../visibility/medias.js';

export interface LiveMedia {
  id: string;
  url: string;
  ownerId: string;
  /** On what it depends who may see it, apart from the relation of the two. */
  state: string;
  counts: MediaAnswer['counts'];
}
export interface LiveComment {
  mediaId: string;
  media: string;
  url: string;
  counts: CommentAnswer['counts'];
}

/** The counts of everybody: those that readers who neither block nor are blocked see. */
const columns = sql`m.id, m.url, m.owner_id as "ownerId", ${mediaCounts(null)} as counts,
  concat_ws(' ', m.visibility, m.shown, o.is_private, o.disabled_at is null) as state`;
const medias = sql`medias m join users o on o.id = m.owner_id`;

@Injectable()
export class LiveMediasQueries {
  constructor(private readonly em: EntityManager) {}

  async seen(viewer: string, url: string): Promise<LiveMedia | undefined> {
    const [media] = await sql<LiveMedia>`
      select ${columns} from ${medias} where m.url = ${url} and ${visibleTo(viewer)}`.all(this.em);
    return media;
  }

  /** @returns those of `ids` that the viewer may see */
  async visible(viewer: string, ids: readonly string[]): Promise<Set<string>> {
    const rows = await sql<{ id: string }>`
      select m.id from medias m where m.id = any(${ids}::uuid[]) and ${visibleTo(viewer)}`.all(this.em);
    return new Set(rows.map(({ id }) => id));
  }

  medias(ids: readonly string[]): Promise<LiveMedia[]> {
    return sql<LiveMedia>`select ${columns} from ${medias} where m.id = any(${ids}::uuid[])`.all(this.em);
  }

  comments(ids: readonly string[]): Promise<LiveComment[]> {
    return sql<LiveComment>`
      select m.id as "mediaId", m.url as media, c.url, ${commentCounts(null)} as counts
      from comments c join medias m on m.id = c.media_id
      where c.id = any(${ids}::uuid[]) and (c.author_id is null
        or ${existsByKey(sql`from users a where a.id = c.author_id and ${isActive('a')}`)})`.all(this.em);
  }
}
