import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { MediaReader, mediaOrder } from '../media/media-reader.service.js';
import { isTagOpen, listedFor, type ViewerId } from '../media/visibility.js';
import type { PageQuery } from '../platform/http/page.js';
import { Problem } from '../platform/http/problems.js';
import type { TagView } from './tags.schemas.js';

const newest = mediaOrder('tagged', 'desc', undefined, 'mt.media_id');

@Injectable()
export class TagsQueries {
  constructor(
    private readonly em: EntityManager,
    private readonly reader: MediaReader,
  ) {}

  /** @throws {Problem} `tag_not_found` for one that nobody can meet */
  async byName(name: string): Promise<TagView> {
    const { rows } = await sql<TagView>`
      select t.name, json_build_object('medias', t.medias_count) as counts from tags t
      where t.name = ${name} and t.medias_count > 0 and ${isTagOpen()}`.execute(this.em);
    if (!rows[0]) throw new Problem('tag_not_found');
    return rows[0];
  }

  /** None of a tag that is nowhere; of one that only some may meet, theirs. */
  async medias(viewer: ViewerId, name: string, query: PageQuery) {
    const join = await this.reader.taggedWith(name);
    return join
      ? this.reader.page(viewer, { keyset: newest, join, where: [listedFor(viewer, false)] }, query)
      : { items: [], nextCursor: null };
  }
}
