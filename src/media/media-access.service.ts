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

/** The first step of features that attach something to a media. */
@Injectable()
export class MediaAccess {
  /**
   * The media, if the viewer may see it, locked against deletion until the transaction ends. Whoever takes this lock
   * first cannot deadlock with a deletion.
   * @param alone one such transaction at a time: for those that move a counter of the media, and lock more afterwards
   * @throws {Problem} `media_not_found`
   */
  async hold(em: EntityManager, viewer: ViewerId, url: string, alone = false): Promise<SeenMedia> {
    return this.lock(em, url, visibleTo(viewer), alone ? sql`no key update` : sql`key share`);
  }

  /**
   * The same for undoing something: also finds a media that the viewer may no longer see, while something of theirs is
   * attached to it.
   * @param isTheirs whether something is, as a condition on the media `m`
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
