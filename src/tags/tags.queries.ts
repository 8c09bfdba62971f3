import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { tagCounts } from '../media/visible-counts.js';
import { isTagOpen } from '../visibility/tags.js';
import type { ViewerId } from '../visibility/relations.js';
import { Problem } from '../platform/http/problems.js';
import type { TagAnswer } from './tags.schemas.js';

@Injectable()
export class TagsQueries {
  constructor(private readonly em: EntityManager) {}

  /** @throws {Problem} `tag_not_found` for a tag without publicly listed medias */
  async byName(viewer: ViewerId, name: string): Promise<TagAnswer> {
    const rows = await sql<TagAnswer>`
      select t.name, ${tagCounts(viewer)} as counts from tags t
      where t.name = ${name} and t.medias_count > 0 and ${isTagOpen()}`.all(this.em);
    if (!rows[0]) throw new Problem('tag_not_found');
    return rows[0];
  }
}
