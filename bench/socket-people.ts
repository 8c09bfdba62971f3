import { hash, randomBytes } from 'node:crypto';
import type pg from 'pg';

export interface Person {
  id: string;
  apiKey: string;
}

/** Verified users with a key each, inserted: signing up hashes a password. */
export async function makePeople(db: pg.Pool, count: number): Promise<Person[]> {
  const keys = Array.from({ length: count }, () => `vt_${randomBytes(32).toString('base64url')}`);
  const { rows } = await db.query<{ id: string; place: number }>(
    `with u as (
      insert into users (username, email, email_verified_at, password_hash, display_name)
      select 'person-' || i, 'person-' || i || '@example.org', now(), '-', 'Person ' || i from generate_series(1, $1) i
      returning id, username),
    k as (
      insert into api_keys (user_id, name, prefix, hash, scopes)
      select u.id, 'bench', 'vt_bench', h.hash, array['read', 'write']
      from u join unnest($2::text[]) with ordinality as h (hash, place) on u.username = 'person-' || h.place)
    select id, substr(username, 8)::int as place from u order by 2`,
    [count, keys.map((key) => hash('sha256', key))],
  );
  return rows.map(({ id, place }) => ({ id, apiKey: keys[place - 1]! }));
}
