import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { sha256 } from '../platform/secrets.js';
import { scopes, type Scope, type Viewer } from '../platform/http/viewer.js';
import { isActive } from '../visibility/accounts.js';

interface Row {
  id: string;
  username: string;
  role: Viewer['role'];
  verified: boolean;
  stale: boolean;
}

/** "Last used" is exact to a minute: a write per request would cost more than it is worth. */
const stale = sql`(last_used_at is null or last_used_at < now() - interval '1 minute')`;
const user = sql`u.id, u.username, u.role, u.email_verified_at is not null as verified`;

const bySession = (sessionId: string, userId: string) => sql<Row>`
    select ${user}, ${stale} as stale from sessions s join users u on u.id = s.user_id
    where s.id = ${sessionId} and u.id = ${userId} and s.ended_at is null and s.expires_at > now() and ${isActive()}`;

const byHash = (hash: string) => sql<Row & { key_id: string; scopes: Scope[]; expires_at: Date | null }>`
    select ${user}, ${stale} as stale, k.id as key_id, k.scopes, k.expires_at
    from api_keys k join users u on u.id = k.user_id
    where k.hash = ${hash} and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
      and ${isActive()}`;

/** The user of a session or a key: one statement by primary or unique key. */
@Injectable()
export class CredentialsQueries {
  constructor(private readonly em: EntityManager) {}

  async bySession(sessionId: string, userId: string): Promise<Viewer | null> {
    const [row] = await bySession(sessionId, userId).all(this.em);
    if (!row) return null;
    if (row.stale)
      await sql`update sessions set last_used_at = now() where id = ${sessionId} and ${stale}`.all(this.em);
    return { ...viewer(row, scopes), sessionId };
  }

  async byApiKey(key: string): Promise<Viewer | null> {
    const [row] = await byHash(sha256(key)).all(this.em);
    if (!row) return null;
    if (row.stale)
      await sql`update api_keys set last_used_at = now() where id = ${row.key_id} and ${stale}`.all(this.em);
    return {
      ...viewer(row, row.scopes),
      key: { id: row.key_id, expiresAt: row.expires_at && new Date(row.expires_at) },
    };
  }
}

const viewer = (row: Row, allowed: readonly Scope[]): Viewer => ({
  id: row.id,
  username: row.username,
  emailVerified: row.verified,
  role: row.role,
  scopes: allowed,
});
