import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql, type Statement } from '../platform/database/sql.js';
import { Problem } from '../platform/http/problems.js';
import type { MediaType } from './media.entity.js';
import { visibleTo } from '../visibility/medias.js';
import type { ViewerId } from '../visibility/relations.js';

export interface SeenMedia {
  id: string;
  ownerId: string;
  type: MediaType;
}

/** What features that hang something on a media begin with. */
@Injectable()
export class MediaAccess {
  /**
   * The media, if the viewer may see it. It can't be deleted until the transaction ends, and who takes this lock first
   * never waits for a deletion that waits for them.
   * @param alone one such transaction at a time: for those who move a counter of the media itself, and lock more on the way
   * @throws {Problem} `media_not_found`
   */
  async hold(em: EntityManager, viewer: ViewerId, url: string, alone = false): Promise<SeenMedia> {
    return this.lock(em, url, visibleTo(viewer), alone ? sql`no key update` : sql`key share`);
  }

  /**
   * The same for taking something back: also a media that the viewer may not see any more, while something of theirs
   * hangs on it.
   * @param isTheirs whether something does, of the media `m`
   * @throws {Problem} `media_not_found`
   */
  holdToTakeBack(
    em: EntityManager,
    viewer: string,
    url: string,
    isTheirs: Statement<boolean>,
    alone = false,
  ): Promise<SeenMedia> {
    const lock = alone ? sql`no key update` : sql`key share`;
    return this.lock(em, url, sql<boolean>`(${visibleTo(viewer)} or ${isTheirs})`, lock);
  }

  private async lock(em: EntityManager, url: string, where: Statement<boolean>, lock: Statement): Promise<SeenMedia> {
    const rows = await sql<SeenMedia>`
      select m.id, m.owner_id as "ownerId", m.type from medias m
      where m.url = ${url} and ${where} for ${lock} of m`.all(em);
    if (!rows[0]) throw new Problem('media_not_found');
    return rows[0];
  }
}
