import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { counters } from '../../src/counters/counters.js';
import type { Json } from '../setup/client.js';
import { Device } from '../setup/device.js';
import { bareMedias } from '../setup/playlists.js';
import { Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let twin: string;
let ada: Account;
let bob: Account;
let eve: Account;
let media: string;
const devices: Device[] = [];
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  twin = await vitrine.startTwin('twin');
  [ada, bob, eve] = [await vitrine.signUp(), await vitrine.signUp(), await vitrine.signUp()];
}, 120_000);
afterAll(() => vitrine.stop());
beforeEach(async () => {
  [media] = (await bareMedias(vitrine, ada, 1)) as [string];
});
afterEach(() => {
  for (const device of devices.splice(0)) device.close();
});

const device = async (of: Account, origin = vitrine.origin): Promise<Device> => {
  const made = new Device(origin, { apiKey: of.apiKey });
  devices.push(made);
  return made.ready();
};
const watching = async (of: Account, origin?: string, url = media): Promise<Device> => {
  const made = await device(of, origin);
  expect(await made.command('media.watch', { url })).toEqual({ data: expect.any(Object) });
  return made;
};
const countsOf = async (url = media): Promise<Json> => (await ada.get(`/api/medias/${url}`).expect(200)).body.counts;
const comment = async (of: Account, text: string, replyTo?: string): Promise<string> =>
  (await of.post(`/api/comments/medias/${media}`, { text, ...(replyTo && { replyTo }) }).expect(201)).body.url;

describe('a watched media', () => {
  /** What moves each counter, both ways where it can. */
  const moves: Record<string, (address: string) => Promise<unknown>> = {
    likes_count: (address) => bob.post(`${address}/likes`).expect(201),
    dislikes_count: (address) => bob.put(`${address}/reaction`, { emoji: '👎' }).expect(200),
    reactions_count: (address) => eve.put(`${address}/reaction`, { emoji: '🎉' }).expect(201),
    comments_count: () => comment(bob, 'What a light!'),
    reposts_count: (address) => bob.post(`${address}/reposts`).expect(201),
    saves_count: (address) => bob.post(`${address}/saves`).expect(201),
    views_count: async (address) => {
      await bob.post(`${address}/views`).expect(201);
      await vitrine.doNow('views.count');
    },
  };
  const undone: ((address: string) => Promise<unknown>)[] = [
    (address) => bob.delete(`${address}/reaction`).expect(204),
    (address) => eve.delete(`${address}/reaction`).expect(204),
    (address) => bob.delete(`${address}/reposts`).expect(204),
    (address) => bob.delete(`${address}/saves`).expect(204),
    async () => {
      const { items } = (await bob.get(`/api/comments/medias/${media}`).expect(200)).body;
      await bob.delete(`/api/comments/${items[0].url}`).expect(204);
    },
  ];

  it('tells each counter that moves, at every process, as REST has it', async () => {
    const here = await device(eve);
    const { data } = await here.command('media.watch', { url: media });
    expect(data).toEqual(await countsOf());
    const there = await watching(eve, twin);
    const stored = counters.find(({ table }) => table === 'medias')!.counts;
    expect(Object.keys(moves).toSorted()).toEqual(Object.keys(stored).toSorted());
    const isTold = async () => {
      const counts = await countsOf();
      for (const one of [here, there])
        await one.hears('media.counts', (told) => JSON.stringify(told) === JSON.stringify({ url: media, counts }));
    };
    for (const [name, move] of Object.entries(moves)) {
      const key = name.replace('_count', '');
      const before = (await countsOf())[key];
      await move(`/api/medias/${media}`);
      await here.hears('media.counts', ({ counts }) => counts[key] === before + 1);
      await isTold();
    }
    for (const undo of undone) {
      await undo(`/api/medias/${media}`);
      await isTold();
    }
    expect(await countsOf()).toEqual({ ...data, views: 1 });
  }, 60_000);

  it('tells the counters of its comments', async () => {
    const first = await comment(ada, 'First');
    const phone = await watching(eve);
    const isTold = async () => {
      const { counts } = (await ada.get(`/api/comments/${first}`).expect(200)).body;
      await phone.hears('comment.counts', (told) => {
        const { media: of, url } = told;
        return of === media && url === first && JSON.stringify(told.counts) === JSON.stringify(counts);
      });
    };
    await bob.post(`/api/comments/${first}/likes`).expect(201);
    await isTold();
    const reply = await comment(bob, 'Second', first);
    await isTold();
    await bob.delete(`/api/comments/${first}/likes`).expect(204);
    await isTold();
    await bob.delete(`/api/comments/${reply}`).expect(204);
    await isTold();
  });

  it('tells twice a second at most, and in the end the truth', async () => {
    const phone = await watching(eve);
    const until = performance.now() + 3_000;
    while (performance.now() < until) {
      await bob.post(`/api/medias/${media}/likes`).expect(201);
      await bob.post(`/api/medias/${media}/reposts`).expect(201);
      await bob.delete(`/api/medias/${media}/likes`).expect(204);
      await bob.delete(`/api/medias/${media}/reposts`).expect(204);
    }
    await bob.post(`/api/medias/${media}/likes`).expect(201);
    const counts = await countsOf();
    await phone.hears('media.counts', (told) => JSON.stringify(told.counts) === JSON.stringify(counts));
    await sleep(1_000);
    expect(phone.of('media.counts').at(-1)).toEqual({ url: media, counts });
    expect(phone.of('media.counts').length).toBeLessThanOrEqual(9);
  });

  it('is silent when it is not watched any more', async () => {
    const [left, stays] = [await watching(eve), await watching(eve)];
    expect(await left.command('media.unwatch', { url: media })).toEqual({ data: null });
    expect(await left.command('media.unwatch', { url: 'never-watched' })).toEqual({ data: null });
    await bob.post(`/api/medias/${media}/likes`).expect(201);
    await stays.hears('media.counts');
    await sleep(200);
    expect(left.of('media.counts')).toEqual([]);
  });
});

describe('who may not see a media', () => {
  const cannot = { error: { code: 'media_not_found', status: 404, title: expect.any(String) } };

  it('cannot watch it', async () => {
    const phone = await device(eve);
    const [hidden] = (await bareMedias(vitrine, ada, 1)) as [string];
    await ada.put(`/api/medias/${hidden}`, { visibility: 'private' }).expect(200);
    for (const url of [hidden, 'there-is-none'])
      expect(await phone.command('media.watch', { url })).toMatchObject(cannot);
    for (const body of [
      {},
      { url: '' },
      { url: 'a\u0000' },
      { url: 'x'.repeat(65) },
      { url: media, more: 1 },
      { url: 1 },
    ])
      expect(await phone.command('media.watch', body)).toMatchObject({ error: { code: 'validation_failed' } });
  });

  it('can watch fifty others', async () => {
    const phone = await device(eve);
    const urls = await bareMedias(vitrine, ada, 51);
    for (const url of urls.slice(0, 50)) {
      expect(await phone.command('media.watch', { url })).toEqual({ data: expect.any(Object) });
      await sleep(30);
    }
    expect(await phone.command('media.watch', { url: urls[0] })).toEqual({ data: expect.any(Object) });
    expect(await phone.command('media.watch', { url: urls[50] })).toMatchObject({
      error: { code: 'limit_reached', status: 409 },
    });
    await phone.command('media.unwatch', { url: urls[7] });
    expect(await phone.command('media.watch', { url: urls[50] })).toEqual({ data: expect.any(Object) });
  });

  /** Told once that it is gone, within two seconds, on both processes; then nothing. */
  const ends = async (change: () => Promise<unknown>, watcher = eve, limitMs = 2_000) => {
    const phones = [await watching(watcher), await watching(watcher, twin)];
    // After the reads that follow whoever begins to watch.
    await sleep(1_200);
    const since = performance.now();
    await change();
    for (const phone of phones) expect(await phone.hears('media.gone')).toEqual({ url: media });
    expect(performance.now() - since).toBeLessThan(limitMs);
    await vitrine.db.query('update medias set likes_count = likes_count + 1 where url = $1', [media]);
    await bob.post(`/api/medias/${media}/likes`);
    await sleep(1_000);
    for (const phone of phones) {
      expect(phone.of('media.counts')).toEqual([]);
      expect(phone.of('media.gone')).toHaveLength(1);
    }
  };

  it.each([
    ['its visibility changes', () => ada.put(`/api/medias/${media}`, { visibility: 'followers' }).expect(200)],
    ['it is deleted', () => ada.delete(`/api/medias/${media}`).expect(204)],
    ['its owner blocks', () => ada.post(`/api/blocks/${eve.username}`).expect(201)],
    ['the viewer blocks', () => eve.post(`/api/blocks/${ada.username}`).expect(201)],
  ])('is told when %s', async (_what, change) => {
    await ends(change);
    await vitrine.db.query('delete from blocks');
  });

  it('is told when the account becomes private, and when following ends', async () => {
    await bob.post(`/api/follows/${ada.username}`).expect(201);
    await ends(() => ada.put('/api/users/me', { isPrivate: true }).expect(200));
    [media] = (await bareMedias(vitrine, ada, 1)) as [string];
    await ends(() => bob.delete(`/api/follows/${ada.username}`).expect(204), bob);
    await ada.put('/api/users/me', { isPrivate: false }).expect(200);
  });

  it('is told when the account is disabled', async () => {
    const gone = await vitrine.signUp();
    [media] = (await bareMedias(vitrine, gone, 1)) as [string];
    const disable = () => vitrine.db.query('update users set disabled_at = now() where username = $1', [gone.username]);
    // The relay looks once a second for what nobody told it.
    await ends(disable, eve, 4_000);
  });

  it('others go on watching it', async () => {
    await bob.post(`/api/follows/${ada.username}`).expect(201);
    const [blocked, stays] = [await watching(eve), await watching(bob)];
    await ada.post(`/api/blocks/${eve.username}`).expect(201);
    await blocked.hears('media.gone');
    await bob.post(`/api/medias/${media}/likes`).expect(201);
    await stays.hears('media.counts', ({ counts }) => counts.likes === 1);
    expect(stays.of('media.gone')).toEqual([]);
    await vitrine.db.query('delete from blocks');
  });
});

it('what moves without a word is told within half a minute', async () => {
  const phone = await watching(eve);
  await sleep(1_500);
  await vitrine.db.query('update medias set views_count = 7 where url = $1', [media]);
  await phone.hears('media.counts', ({ counts }) => counts.views === 7, 40_000);
}, 60_000);
