import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openApiDocument } from '../../src/platform/http/openapi.js';
import { addressesOf, listRoutes, type Fixture } from '../setup/lists.js';
import { picture } from '../setup/make-media.js';
import { apiInProcess } from '../setup/in-process.js';
import { statementsOf } from '../setup/statements.js';
import { Vitrine } from '../setup/vitrine.js';

/** Including the one that authenticates the caller's key. */
const most = 3;

let vitrine: Vitrine;
let app: NestFastifyApplication;
let key: string;
let fixture: Fixture;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  const ada = await vitrine.signUp();
  key = ada.apiKey;
  const media = await ada.publish('photo', await picture(64, 64).png().toBuffer(), { title: 'Harbour', tags: ['sea'] });
  const { body: comment } = await ada.post(`/api/comments/medias/${media.url}`, { text: 'Mine' }).expect(201);
  const { body: playlist } = await ada.post('/api/playlists', { title: 'Evenings', type: 'any' }).expect(201);
  const bob = await vitrine.signUp();
  await ada
    .post(`/api/chats/${bob.username}/messages`, { type: 'text', text: 'Harbour', clientId: crypto.randomUUID() })
    .expect(201);
  fixture = {
    chat: bob.username,
    username: ada.username,
    media: media.url,
    comment: comment.url,
    playlist: playlist.url,
    tag: 'sea',
  };
  app = await apiInProcess(vitrine);
}, 120_000);
afterAll(async () => {
  await app?.close();
  await vitrine?.stop();
});

it(`every list is read by at most ${most} statements, however long the page`, async () => {
  const routes = listRoutes(openApiDocument(app));
  expect(routes.length).toBeGreaterThan(20);
  const tooMany: object[] = [];
  for (const address of routes.flatMap((path) => addressesOf(path, fixture))) {
    for (const limit of [1, 100]) {
      const statements = await statementsOf(async () => {
        const { statusCode, body } = await app.inject({
          url: `${address}&limit=${limit}`,
          headers: { 'x-api-key': key },
        });
        expect([address, statusCode, body.slice(0, 200)]).toEqual([address, 200, expect.any(String)]);
      });
      const read = statements.filter(({ text }) => !/^(?:begin|commit)/i.test(text));
      expect([address, read.length > 0]).toEqual([address, true]);
      if (read.length > most) tooMany.push({ address, limit, count: read.length });
    }
  }
  expect(tooMany).toEqual([]);
});
