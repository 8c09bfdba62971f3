import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { MediaReader } from '../media/media-reader.service.js';
import { notMuted } from '../visibility/relations.js';
import { visibleTo } from '../visibility/medias.js';
import type { Keyset } from '../platform/database/keyset.js';
import type { PageQuery } from '../platform/http/page.js';

const newest: Keyset = { name: 'mentions', columns: [[sql.raw('mm.id'), 'uuid']], direction: 'desc' };

@Injectable()
export class MentionsQueries {
  constructor(private readonly reader: MediaReader) {}

  /** Includes unlisted medias: a mention is meant to be seen by the mentioned user. */
  list(viewer: string, query: PageQuery) {
    const join = sql`join media_mentions mm on mm.media_id = m.id and mm.user_id = ${viewer}`;
    const where = [visibleTo(viewer), notMuted(viewer, 'm.owner_id')];
    return this.reader.page(viewer, { keyset: newest, join, where }, query);
  }
}
