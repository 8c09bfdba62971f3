import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let ada: Account;
let others: Account[];
let medias: Json[];
beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, ...others] = (await Promise.all(Array.from({ length: 4 }, () => vitrine.signUp()))) as [Account, ...Account[]];
  medias = [];
  for (let i = 0; i < 3; i++)
    medias.push(
      await ada.publish(
        'photo',
        await picture(64, 70 + i)
          .png()
          .toBuffer(),
      ),
    );
}, 120_000);
afterAll(() => vitrine.stop());

const page = async (query = '') => (await ada.get(`/api/notifications?${query}`).expect(200)).body;
const since = async (cursor: string) => page(`since=${encodeURIComponent(cursor)}`);
const like = (who: number, media: number) => others[who]!.post(`/api/medias/${medias[media]!.url}/likes`).expect(201);
const likes = ({ items }: Json) => items.map((item: Json) => [item.media.url, item.actorsCount]);

describe('a notification that grows', () => {
  it('moves to the top, and counts as newer', async () => {
    await like(0, 0);
    await until(async () => (await page()).items.length === 1, 'the first line');
    await like(0, 1);
    const before = await until(async () => {
      const body = await page();
      return body.items.length === 2 && body;
    }, 'the second line');
    expect(before.items[0].media.url).toBe(medias[1]!.url);
    expect(await since(before.newestCursor)).toEqual({
      items: [],
      nextCursor: null,
      newestCursor: before.newestCursor,
    });

    await like(1, 0);
    const after = await until(async () => {
      const body = await since(before.newestCursor);
      return body.items.length > 0 && body;
    }, 'the first line to grow');
    expect(likes(after)).toEqual([[medias[0]!.url, 2]]);
    expect((await page()).items.map(({ id }: Json) => id)).toEqual([after.items[0].id, before.items[0].id]);
  });

  it('stays unread if it grew after the others were marked', async () => {
    const { newestCursor } = await page();
    await like(2, 1);
    await until(async () => (await since(newestCursor)).items.length === 1, 'it to grow');
    await ada.put('/api/notifications/read', { upTo: newestCursor }).expect(204);
    expect(likes(await page('filter=unread'))).toEqual([[medias[1]!.url, 2]]);
  });

  it('is listed from both ends', async () => {
    const { items, newestCursor } = await page();
    const first = await page('limit=1');
    const second = await page(`limit=1&cursor=${encodeURIComponent(first.nextCursor)}`);
    expect([...first.items, ...second.items].map(({ id }: Json) => id)).toEqual(items.map(({ id }: Json) => id));
    expect(first.newestCursor).toBe(newestCursor);
    expect((await ada.get('/api/notifications?since=nonsense').expect(422)).body.errors).toMatchObject([
      { pointer: '/since' },
    ]);
  });
});

it('`since` does not miss what commits late', async () => {
  const { newestCursor } = await page();
  const late = new pg.Client({ connectionString: vitrine.databaseUrl });
  await late.connect();
  await late.query('begin');
  await late.query(
    `with n as (insert into notifications (user_id, kind, in_app, media_id)
       select u.id, 'repost', true, m.id from users u, medias m where u.username = $1 and m.url = $2 returning id, user_id)
     insert into notification_entries (notification_id, user_id, actor_id, act, subject_id, mail)
     select n.id, n.user_id, a.id, 'repost', gen_random_uuid(), false from n, users a where a.username = $3`,
    [ada.username, medias[2]!.url, others[0]!.username],
  );
  await like(0, 2);
  let cursor = newestCursor as string;
  const met: string[] = [];
  const poll = async () => {
    const body = await since(cursor);
    met.push(...body.items.map(({ kind }: Json) => kind));
    cursor = body.newestCursor;
  };
  for (let i = 0; i < 8; i++, await sleep(250)) await poll();
  await late.query('commit');
  await late.end();
  await until(async () => {
    await poll();
    return met.length >= 2;
  }, 'both to be met');
  expect(met.toSorted()).toEqual(['like', 'repost']);
});
