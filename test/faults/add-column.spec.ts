import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { picture } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start();
});
afterAll(() => vitrine.stop());

it('adding a column while requests run, as an upgrade does, fails none of them', async () => {
  const ada = await vitrine.signUp();
  const media = await ada.publish('photo', await picture(60, 40).png().toBuffer(), { title: 'Here' });
  const { body: comment } = await ada.post(`/api/comments/medias/${media.url}`, { text: 'Well' }).expect(201);
  const { body: playlist } = await ada.post('/api/playlists', { title: 'All' }).expect(201);
  await ada.post(`/api/medias/${media.url}/playlists/${playlist.url}`).expect(201);
  const reads = [
    ...['/api/users/me', '/api/users/me/limits', '/api/users', '/api/medias', '/api/playlists', '/api/notifications'],
    ...[`/api/users/${ada.username}`, `/api/medias/${media.url}`, `/api/files/${media.files[0].url}`],
    ...[`/api/comments/${comment.url}`, `/api/comments/medias/${media.url}`, `/api/playlists/${playlist.url}`],
    ...['/api/search?type=medias&q=here', `/api/photos/${media.files[0].url}?size=thumb`, '/api/users/me/saved'],
  ];
  const over = new AbortController();
  const wrong = new Set<string>();
  let answers = 0;
  const ask = async (turn: number) => {
    for (let i = turn; !over.signal.aborted; i++) {
      const path = reads[i % reads.length]!;
      const { status } = await ada.get(path);
      answers += 1;
      if (status !== 200) wrong.add(`GET ${path} ${status}`);
    }
  };
  const write = async () => {
    for (let i = 0; !over.signal.aborted; i++) {
      const { status } = await (i % 2
        ? ada.delete(`/api/medias/${media.url}/likes`)
        : ada.post(`/api/medias/${media.url}/likes`));
      if (![200, 201, 204].includes(status)) wrong.add(`likes ${status}`);
    }
  };
  const asking = [ask(0), ask(5), ask(10), write()];
  // Everything is prepared by then, on several connections.
  await sleep(4_000);
  const before = answers;
  for (const table of [
    'users',
    'medias',
    'files',
    'media_files',
    'comments',
    'playlists',
    'playlist_items',
    'reactions',
    'sessions',
    'api_keys',
  ])
    await vitrine.db.query(`alter table ${table} add column added_later text not null default 'x'`);
  await sleep(2_000);
  over.abort();
  await Promise.all(asking);
  expect([...wrong]).toEqual([]);
  expect(before).toBeGreaterThan(reads.length * 5);
  expect(answers).toBeGreaterThan(before);
});
