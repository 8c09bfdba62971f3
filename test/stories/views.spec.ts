import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let ada: Account;
let bob: Account;
let media: Json;
let address: string;

beforeAll(async () => {
  vitrine = await Vitrine.start({ env: { TRUST_PROXY: '127.0.0.1' } });
  [ada, bob] = (await Promise.all([vitrine.signUp(), vitrine.signUp()])) as [Account, Account];
  media = await ada.publish('photo', await picture(64, 64).png().toBuffer());
  address = `/api/medias/${media.url}`;
}, 120_000);
afterAll(() => vitrine.stop());

const views = async () => (await ada.get(address).expect(200)).body.counts.views as number;
const counted = (n: number) => until(async () => (await views()) === n, `${n} views`);
const stranger = (address: string, agent = 'test') =>
  vitrine.client({ 'x-forwarded-for': address, 'user-agent': agent });

describe('a view', () => {
  it('counts once per viewer and half an hour, however many parallel reports', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => bob.post(`${address}/views`, { watchedMs: 100 })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
    await counted(1);
    await vitrine.db.query(`update views set counted_at = now() - interval '31 minutes'`);
    expect((await bob.post(`${address}/views`).expect(201)).body).toEqual({ counted: true });
    await counted(2);
    const received = async () => (await ada.get('/api/users/me').expect(200)).body.counts.views as number;
    await until(async () => (await received()) === 2, 'the views to come to the owner', 20_000);
  });

  it('of anonymous viewers is identified by their network, which the database does not reveal', async () => {
    await stranger('203.0.113.1').post(`${address}/views`).expect(201);
    for (const agent of ['test', 'other', 'Mozilla/5.0', ''])
      await stranger('203.0.113.1', agent).post(`${address}/views`).expect(200);
    // One customer has a whole /64 of IPv6.
    await stranger('2001:db8:1:2::1').post(`${address}/views`, { watchedMs: 500 }).expect(201);
    await stranger('2001:db8:1:2:ffff::9').post(`${address}/views`).expect(200);
    await counted(4);
    const { rows } = await vitrine.db.query('select * from views where user_id is null');
    expect(JSON.stringify(rows)).not.toMatch(/203\.0|2001|Mozilla|other/);
  });

  it('is not accepted with a read-only key', async () => {
    const { body } = await bob
      .post('/api/users/me/api-keys', { name: 'reader', scopes: ['read'], currentPassword: 'correct horse battery' })
      .expect(201);
    await vitrine.client({ 'x-api-key': body.apiKey }).post(`${address}/views`).expect(403, 'scope_missing');
  });

  it('is shown to its owner, by day', async () => {
    const { body } = await ada.get(`${address}/views`).expect(200);
    expect(body).toMatchObject({ views: 4, watchedMs: 2_500 });
    expect(body.days).toMatchObject([{ views: 4, watchedMs: 2_500 }]);
    await bob.get(`${address}/views`).expect(403, 'not_yours');
  });

  it('survives that workers are killed while they count', async () => {
    const before = await views();
    const crowd = Array.from({ length: 60 }, (_, i) => stranger(`198.51.100.${i}`).post(`${address}/views`));
    const worker = 'social,mail,maintenance';
    await vitrine.end(worker, 'SIGKILL');
    vitrine.startWorker(worker);
    expect((await Promise.all(crowd)).every(({ status }) => status === 201)).toBe(true);
    await vitrine.end(worker, 'SIGKILL');
    vitrine.startWorker(worker);
    await counted(before + 60);
  });

  it('of something hidden does not count', async () => {
    await ada.put(address, { visibility: 'private' }).expect(200);
    await bob.post(`${address}/views`).expect(404, 'media_not_found');
    await bob.get(`${address}/views`).expect(404, 'media_not_found');
    expect((await bob.get('/api/users/me/history').expect(200)).body.items).toEqual([]);
    await ada.put(address, { visibility: 'public' }).expect(200);
  });

  it.each([-1, 1.5, 1e12, '1', null])('refuses %j as a time', async (watchedMs) => {
    await bob.post(`${address}/views`, { watchedMs }).expect(422, 'validation_failed');
  });
});

describe('the history', () => {
  it('lists what was watched, the latest first, until it is removed', async () => {
    const other = await ada.publish('photo', await picture(65, 64).png().toBuffer());
    await bob.post(`/api/medias/${other.url}/views`, { watchedMs: 7 }).expect(201);
    const { body } = await bob.get('/api/users/me/history').expect(200);
    expect(body.items.map(({ url }: Json) => url)).toEqual([other.url, media.url]);
    expect(body.items[0]).toMatchObject({ watchedMs: 7, viewedAt: expect.any(String) });
    const { body: first } = await bob.get('/api/users/me/history?limit=1').expect(200);
    const { body: second } = await bob.get(`/api/users/me/history?limit=1&cursor=${first.nextCursor}`).expect(200);
    expect([...first.items, ...second.items].map(({ url }) => url)).toEqual([other.url, media.url]);
    await bob.delete(`/api/users/me/history/${other.url}`).expect(204);
    expect((await bob.get('/api/users/me/history').expect(200)).body.items).toMatchObject([{ url: media.url }]);
    await bob.delete('/api/users/me/history').expect(204);
    expect((await bob.get('/api/users/me/history').expect(200)).body.items).toEqual([]);
    expect(await views()).toBeGreaterThan(60);
  });
});

it('a view was watched no longer than there was time for', async () => {
  const own = await ada.publish('photo', await picture(32, 32).png().toBuffer());
  const day = 24 * 3_600_000;
  for (let i = 0; i < 5; i++) await bob.post(`/api/medias/${own.url}/views`, { watchedMs: day });
  const { rows } = await vitrine.db.query(
    'select v.watched_ms::float8 as ms from views v join medias m on m.id = v.media_id where m.url = $1',
    [own.url],
  );
  expect(rows[0].ms).toBeLessThan(day + 60_000);
});
