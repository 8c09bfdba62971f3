import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { history, type Person } from '../setup/chats.js';
import type { Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';
import { describeBrowser, openBrowser } from './browser.js';

// The bundle is not among the package's exports.
const client = join(dirname(createRequire(import.meta.url).resolve('socket.io-client')), '../../dist/socket.io.min.js');

describeBrowser('two browsers and the API', () => {
  let vitrine: Vitrine;
  let browser: Browser;
  let ada: Person;
  let bob: Person;
  beforeAll(async () => {
    [vitrine, browser] = await Promise.all([Vitrine.start(), openBrowser()]);
    [ada, bob] = [await vitrine.signUp(), await vitrine.signUp()];
    await ada.post(`/api/follows/${bob.username}`).expect(201);
    await bob.post(`/api/follows/${ada.username}`).expect(201);
  });
  afterAll(async () => {
    await browser?.close();
    await vitrine?.stop();
  });

  /** A page with a socket of the user, which keeps what it heard. */
  const open = async ({ apiKey }: Person): Promise<Page> => {
    const page = await browser.newPage();
    await page.goto(`${vitrine.origin}/docs/problems`);
    await page.addScriptTag({ path: client });
    await page.evaluate(
      (key) =>
        new Promise<void>((resolve) => {
          const all = window as Json;
          all.heard = [];
          all.socket = all.io({
            transports: ['websocket'],
            reconnectionDelay: 100,
            auth: (give: (auth: object) => void) => give({ apiKey: key, cursor: all.cursor }),
          });
          all.socket.onAny((name: string, payload: Json) => {
            all.heard.push({ name, payload });
            all.cursor = payload.cursor ?? all.cursor;
            if (name === 'ready') resolve();
          });
        }),
      apiKey,
    );
    return page;
  };
  const heard = (page: Page): Promise<Json[]> => page.evaluate(() => (window as Json).heard);
  const hears = (page: Page, name: string, is: (payload: Json) => unknown = () => true): Promise<Json> =>
    until(
      async () => (await heard(page)).find((one) => one.name === name && is(one.payload))?.payload,
      name,
      20_000,
      20,
    );
  const asks = async (page: Page, name: string, body: object): Promise<Json> => {
    const { data, error } = await page.evaluate(
      ([command, about]) => (window as Json).socket.timeout(10_000).emitWithAck(command, about),
      [name, body] as const,
    );
    expect(error).toBeUndefined();
    return data;
  };

  it('tell the same story: posts, likes, comments, presence, messages', async () => {
    const [adas, bobs] = [await open(ada), await open(bob)];
    const media = await ada.publish('photo', await picture(200, 100).jpeg().toBuffer());
    await hears(bobs, 'feed.changed');
    await asks(adas, 'media.watch', { url: media.url });
    await bob.post(`/api/medias/${media.url}/likes`).expect(201);
    await hears(adas, 'media.counts', ({ counts }) => counts.likes === 1);
    await bob.post(`/api/comments/medias/${media.url}`, { text: 'Well seen' }).expect(201);
    await hears(adas, 'media.counts', ({ counts }) => counts.comments === 1);
    await hears(adas, 'notification.changed', ({ notification }) => notification?.kind === 'comment');

    expect(await asks(adas, 'presence.watch', { usernames: [bob.username] })).toMatchObject([{ online: true }]);
    const to = bob.username;
    const sent = await asks(adas, 'message.send', { to, type: 'text', text: 'Where?', clientId: crypto.randomUUID() });
    await hears(bobs, 'message.created', ({ message }) => message.id === sent.id);
    await asks(adas, 'chat.typing', { to });
    await hears(bobs, 'typing', ({ username }) => username === ada.username);
    await asks(bobs, 'chat.delivered', { to: ada.username, upTo: sent.id });
    await hears(adas, 'chat.delivered', ({ seq }) => seq === 1);
    await asks(bobs, 'chat.read', { to: ada.username, upTo: sent.id });
    await hears(adas, 'chat.read', ({ seq }) => seq === 1);
    await asks(bobs, 'message.react', { to: ada.username, id: sent.id, emoji: '👍' });
    await hears(adas, 'message.reaction', ({ reactions }) => reactions.length === 1);
    const answer = { to: ada.username, type: 'text', text: 'Here', replyTo: sent.id, clientId: crypto.randomUUID() };
    const answered = await asks(bobs, 'message.send', answer);
    await hears(adas, 'message.created', ({ message }) => message.replyTo?.id === sent.id);
    await asks(adas, 'message.delete', { to, id: answered.id, for: 'me' });
    await hears(adas, 'message.deleted', (told) => told.for === 'me');
    await asks(adas, 'message.delete', { to, id: sent.id, for: 'everyone' });
    await hears(bobs, 'message.deleted', (told) => told.for === 'everyone');
    expect((await history(ada, bob)).items.map(({ seq, text }: Json) => [seq, text])).toEqual([[1, '']]);
    expect((await history(bob, ada)).items.map(({ seq, text }: Json) => [seq, text])).toEqual([
      [2, 'Here'],
      [1, ''],
    ]);

    await bobs.evaluate(() => (window as Json).socket.disconnect());
    await hears(adas, 'presence.changed', ({ online }) => online === false);
    const missed = await asks(adas, 'message.send', { to, type: 'text', text: 'Gone?', clientId: crypto.randomUUID() });
    await bobs.evaluate(() => (window as Json).socket.connect());
    await hears(bobs, 'message.created', ({ message }) => message.id === missed.id);
    await hears(adas, 'presence.changed', ({ online }) => online === true);
    const told = (await heard(bobs))
      .filter(({ name }) => name === 'message.created')
      .map(({ payload }) => payload.message.seq);
    expect(told).toEqual([1, 2, 3]);
  });
});
