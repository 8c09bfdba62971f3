import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { comments } from '../../src/comments/comments.personal-data.js';
import { entities } from '../../src/entities.js';
import { follows } from '../../src/follows/follows.personal-data.js';
import { exportedRows } from '../../src/personal-data/exported-rows.js';
import type { Holding } from '../../src/platform/database/holding.js';
import { ormOptions } from '../../src/platform/database/orm.js';
import { Vitrine } from '../setup/vitrine.js';

const MiB = 1024 * 1024;
const longTexts = 1_500;
const followers = 4_500;

let vitrine: Vitrine;
let orm: MikroORM;
let userId: string;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
  const { rows } = await vitrine.db.query<{ id: string }>(
    `insert into users (username, email, password_hash, display_name)
     select 'user' || i, 'user' || i || '@example.org', 'x', 'User' from generate_series(0, $1::int) i returning id`,
    [followers],
  );
  userId = rows[0]!.id;
  await vitrine.db.query(
    `with m as (insert into medias (url, owner_id, type, title) values ('m', $1, 'photo', 'M') returning id)
     insert into comments (url, media_id, author_id, text)
     select 'c' || i, m.id, $1, case when i % 2 = 0 then repeat('🦆', 2000) else repeat('x', i) end
     from m, generate_series(1, $2::int) i`,
    [userId, longTexts],
  );
  // All at the same time: the rest of the key orders them.
  await vitrine.db.query(
    `insert into follows (follower_id, followee_id, accepted_at, created_at)
     select id, $1, now(), '2026-01-01' from users where id <> $1`,
    [userId],
  );
  orm = await MikroORM.init(ormOptions(vitrine.databaseUrl, entities, 2));
});
afterAll(async () => {
  await orm?.close();
  await vitrine?.stop();
});

async function pagesOf(holding: Holding) {
  const pages: object[][] = [];
  for await (const page of exportedRows(holding, userId, orm.em.fork() as EntityManager)) pages.push(page);
  return { pages, rows: pages.flat() as Record<string, string>[] };
}
const bytes = (page: object) => Buffer.byteLength(JSON.stringify(page));

it('rows of an archive are read a mebibyte at a time, though the database keeps them in less', async () => {
  const { pages, rows } = await pagesOf(comments);
  expect(rows.map(({ url }) => url)).toEqual(Array.from({ length: longTexts }, (_, i) => `c${i + 1}`));
  expect(rows.every(({ text }, i) => text === (i % 2 ? '🦆'.repeat(2_000) : 'x'.repeat(i + 1)))).toBe(true);
  expect(Math.max(...pages.map(bytes))).toBeLessThan(1.5 * MiB);
  expect(pages.length).toBeLessThan((2 * bytes(rows)) / MiB);
});

it('many small rows are read by few statements, each of them once', async () => {
  const { pages, rows } = await pagesOf(follows);
  expect(new Set(rows.map(({ follower_id }) => follower_id)).size).toBe(followers);
  expect(rows).toHaveLength(followers);
  expect(pages).toHaveLength(3);
});
