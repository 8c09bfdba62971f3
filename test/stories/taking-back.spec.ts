import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let ada: Account;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  ada = await vitrine.signUp();
});
afterAll(() => vitrine.stop());

const left = async (username: string): Promise<number> => {
  const tables = ['reactions', 'comment_reactions', 'saves', 'reposts'].map((table) => `select user_id from ${table}`);
  const { rows } = await vitrine.db.query(
    `select count(*)::int as count from (${tables.join(' union all ')} union all select author_id from comments) x
     join users u on u.id = x.user_id where u.username = $1`,
    [username],
  );
  return rows[0].count;
};

const ways: [string, (media: Json, bob: Account) => Promise<unknown>][] = [
  ['became private', (media) => ada.put(`/api/medias/${media.url}`, { visibility: 'private' }).expect(200)],
  ['has an owner who blocked them', (_, bob) => ada.post(`/api/blocks/${bob.username}`).expect(201)],
  [
    'has an owner who is disabled',
    () => vitrine.db.query('update users set disabled_at = now() where username = $1', [ada.username]),
  ],
];

describe('one’s own acts can be withdrawn, although the media', () => {
  it.each(ways)('%s', async (_, hide) => {
    const bob = await vitrine.signUp();
    const media = await ada.publish(
      'photo',
      await picture(40, 41 + ways.findIndex(([, way]) => way === hide))
        .png()
        .toBuffer(),
    );
    const { body: hers } = await ada.post(`/api/comments/medias/${media.url}`, { text: 'Look' }).expect(201);
    const { body: his } = await bob.post(`/api/comments/medias/${media.url}`, { text: 'Ugh' }).expect(201);
    await bob.post(`/api/medias/${media.url}/likes`).expect(201);
    await bob.put(`/api/comments/${hers.url}/reaction`, { emoji: '🎈' }).expect(201);
    await bob.post(`/api/medias/${media.url}/saves`).expect(201);
    await bob.post(`/api/medias/${media.url}/reposts`).expect(201);
    const addresses = [
      `/api/comments/${his.url}`,
      `/api/medias/${media.url}/likes`,
      `/api/comments/${hers.url}/reaction`,
      `/api/medias/${media.url}/saves`,
      `/api/medias/${media.url}/reposts`,
    ];
    await hide(media, bob);
    try {
      await bob.get(`/api/medias/${media.url}`).expect(404);
      await bob.put(`/api/comments/${his.url}`, { text: 'changed' }).expect(404);
      // Users without anything there learn nothing.
      const eve = await vitrine.signUp();
      if (hide !== ways[1]![1]) for (const address of addresses) await eve.delete(address).expect(404);
      for (const address of addresses) await bob.delete(address).expect(204);
      expect(await left(bob.username)).toBe(0);
      await bob.delete(`/api/medias/${media.url}/saves`).expect(404);
    } finally {
      await vitrine.db.query('update users set disabled_at = null where username = $1', [ada.username]);
    }
  });
});
