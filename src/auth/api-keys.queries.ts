import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { isoTime } from '../platform/database/iso-time.js';
import { decodeCursor, encodeCursor, toPage, type PageQuery } from '../platform/http/page.js';
import type { ApiKey } from './api-key.entity.js';
import type { ApiKeyAnswer } from './api-keys.schemas.js';
import { sql } from '../platform/database/sql.js';

const live = sql`revoked_at is null and (expires_at is null or expires_at > now())`;

type Row = Pick<ApiKey, 'id' | 'name' | 'prefix' | 'scopes' | 'isDefault'> &
  Record<'createdAt' | 'expiresAt' | 'lastUsedAt', Date | string | null | undefined>;

@Injectable()
export class ApiKeysQueries {
  constructor(private readonly em: EntityManager) {}

  /** Valid keys, the newest first. */
  async list(userId: string, { limit, cursor }: PageQuery) {
    const [before] = decodeCursor(cursor, 'newest', z.tuple([z.uuid()])) ?? [null];
    const rows = await sql<Row>`
      select id, name, prefix, scopes, is_default as "isDefault", created_at as "createdAt", expires_at as
        "expiresAt",
        last_used_at as "lastUsedAt" from api_keys
      where user_id = ${userId} and ${live} and (${before}::uuid is null or id < ${before}::uuid)
        order by id desc limit ${limit + 1}`.all(this.em);
    return toPage(rows, limit, ({ id }) => encodeCursor('newest', [id]), toAnswer);
  }

  async count(userId: string): Promise<number> {
    const [row] = await sql<{ n: number }>`
      select count(*)::int as n from api_keys where user_id = ${userId} and ${live}`.all(this.em);
    return row!.n;
  }
}

const time = (value: string | Date | null | undefined) => (value ? isoTime(value) : null);

export const toAnswer = ({
  id,
  name,
  prefix,
  scopes,
  isDefault,
  createdAt,
  expiresAt,
  lastUsedAt,
}: Row): ApiKeyAnswer => ({
  id,
  name,
  prefix,
  scopes,
  isDefault,
  createdAt: time(createdAt)!,
  expiresAt: time(expiresAt),
  lastUsedAt: time(lastUsedAt),
});
