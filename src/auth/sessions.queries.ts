import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { isoTime } from '../platform/database/iso-time.js';
import { decodeCursor, encodeCursor, toPage, type PageQuery } from '../platform/http/page.js';
import type { Viewer } from '../platform/http/viewer.js';
import type { SessionAnswer } from './auth.schemas.js';
import { sql } from '../platform/database/sql.js';

interface Row {
  id: string;
  device: string;
  address: string;
  created_at: string;
  last_used_at: string;
  expires_at: string;
}

@Injectable()
export class SessionsQueries {
  constructor(private readonly em: EntityManager) {}

  /** The viewer's active sessions, the newest first. */
  async list(viewer: Viewer, { limit, cursor }: PageQuery) {
    const [before] = decodeCursor(cursor, 'newest', z.tuple([z.uuid()])) ?? [null];
    const rows = await sql<Row>`
      select id, device, address, created_at, last_used_at, expires_at from sessions
      where user_id = ${viewer.id} and ended_at is null and expires_at > now() and (${before}::uuid is null
        or id < ${before}::uuid)
      order by id desc limit ${limit + 1}`.all(this.em);
    return toPage(
      rows,
      limit,
      ({ id }) => encodeCursor('newest', [id]),
      (row): SessionAnswer => ({
        id: row.id,
        device: row.device,
        address: row.address,
        createdAt: isoTime(row.created_at),
        lastUsedAt: isoTime(row.last_used_at),
        expiresAt: isoTime(row.expires_at),
        current: row.id === viewer.sessionId,
      }),
    );
  }
}
