import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../setup/client.js';
import { chat, history, item, list, say, texts, write, Listening, threePeople, type Person } from '../setup/chats.js';
import type { Device } from '../setup/device.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let ada: Person;
let bob: Person;
let eve: Person;
const listening = new Listening();
beforeAll(async () => {
  vitrine = await Vitrine.start();
});
afterAll(() => vitrine?.stop());
beforeEach(async () => {
  [ada, bob, eve] = await threePeople(vitrine);
});
afterEach(() => listening.end());

const listen = (who: Person) => listening.by(who);

describe('somebody who is not followed', () => {
  it('writes three texts, until they are answered', async () => {
    const eves = await listen(eve);
    await say(eve, ada, 'One');
    expect(await list(ada)).toEqual([]);
    expect((await ada.get('/api/chats/unread-count').expect(200)).body).toEqual({ chats: 0, requests: 1 });
    expect(await list(ada, 'requests')).toMatchObject([
      { chat: { with: { username: eve.username }, folder: 'requests' } },
    ]);
    for (const text of ['Two', 'Three']) await say(eve, ada, text);
    await write(eve, ada, { type: 'text', text: 'Four' }).expect(409, 'request_pending');
    expect((await item(eve, ada)).canMessage).toBe(false);
    const { items } = await history(ada, eve);
    await ada.put(`${chat(eve)}/read`, { upTo: items[0].id }).expect(204);
    await ada.put(`${chat(eve)}/messages/${items[0].id}/reaction`, { emoji: '👍' }).expect(409, 'request_pending');
    expect((await history(eve, ada)).items[0].status).toBe('sent');
    expect(await item(eve, ada)).toMatchObject({ delivered: 0, read: 0 });

    await say(ada, eve, 'Well?');
    expect(await list(ada, 'requests')).toEqual([]);
    expect(await list(ada)).toHaveLength(1);
    await say(eve, ada, 'Four');
    await eves.hears('message.created', ({ message }) => message.text === 'Well?');
    expect(eves.of('chat.read')).toEqual([]);
  });

  it('is accepted without an answer, or taken for known when followed', async () => {
    const adas = await listen(ada);
    await say(eve, ada, 'One');
    const file = (await eve.upload('photo', await picture(64, 64).jpeg().toBuffer()).expect(202)).body.url;
    await write(eve, ada, { type: 'photo', file }).expect(409, 'request_pending');
    expect((await ada.put(`${chat(eve)}/accept`).expect(200)).body.chat.folder).toBe('inbox');
    expect(await adas.hears('chat.changed')).toMatchObject({ folder: 'inbox' });
    await write(eve, ada, { type: 'photo', file }).expect(201);

    await say(eve, bob, 'One');
    await bob.post(`/api/follows/${eve.username}`).expect(201);
    await say(eve, bob, 'Two');
    expect(await list(bob)).toHaveLength(1);
  });

  it('is refused by those who take messages from nobody, or from those they follow', async () => {
    await ada.put('/api/users/me', { allowMessages: 'followed' }).expect(200);
    await write(eve, ada, { type: 'text', text: 'x' }).expect(403, 'cannot_message');
    await say(bob, ada, 'Friends');
    await ada.put('/api/users/me', { allowMessages: 'nobody' }).expect(200);
    for (const who of [eve, bob]) await write(who, ada, { type: 'text', text: 'x' }).expect(403, 'cannot_message');
    expect((await item(bob, ada)).canMessage).toBe(false);
    expect(await list(eve)).toEqual([]);
  });

  it('learns nothing of who blocks them', async () => {
    await say(ada, bob, 'Before');
    const [{ id }] = (await history(bob, ada)).items;
    await ada.post(`/api/blocks/${bob.username}`).expect(201);
    await write(ada, bob, { type: 'text', text: 'x' }).expect(409, 'blocked');
    const refused = (await write(bob, ada, { type: 'text', text: 'x' }).expect(403, 'cannot_message')).body;
    const unknown = (
      await bob
        .post('/api/chats/nobody-at-all/messages', { type: 'text', text: 'x', clientId: randomUUID() })
        .expect(403, 'cannot_message')
    ).body;
    expect({ ...unknown, instance: 0 }).toEqual({ ...refused, instance: 0 });
    await bob.put(`${chat(ada)}/messages/${id}/reaction`, { emoji: '👍' }).expect(403, 'cannot_message');
    const adas = await listen(ada);
    await bob.put(`${chat(ada)}/read`, { upTo: id }).expect(204);
    expect(await texts(bob, ada)).toEqual(['Before']);
    // Across the block, nobody learns what the other one read.
    expect(await item(ada, bob)).toMatchObject({ delivered: 0, read: 0 });
    expect((await history(ada, bob)).items[0].status).toBe('sent');
    await ada.delete(`/api/blocks/${bob.username}`).expect(204);
    await say(bob, ada, 'After');
    await adas.hears('message.created');
    expect(adas.of('chat.read')).toEqual([]);
    await bob
      .put('/api/users/me', { username: `${bob.username}-2`, currentPassword: 'correct horse battery' })
      .expect(200);
    await bob
      .post(`/api/chats/${bob.username}-2/messages`, { type: 'text', text: 'x', clientId: randomUUID() })
      .expect(422, 'yourself');
    await write(ada, ada, { type: 'text', text: 'x' }).expect(422, 'yourself');
  });
});

describe('a chat', () => {
  it('is muted, archived, and comes back with the next message', async () => {
    const adas = await listen(ada);
    await say(bob, ada, 'One');
    await ada.put(chat(bob), { archived: true }).expect(200);
    expect(await adas.hears('chat.changed')).toMatchObject({ folder: 'archive' });
    expect(await list(ada, 'archive')).toHaveLength(1);
    await say(bob, ada, 'Two');
    expect(await list(ada)).toHaveLength(1);
    const later = new Date(Date.now() + 3_600_000).toISOString();
    for (const mutedUntil of ['0000-01-01T00:00:00Z', '2027-01-01T00:00:00+23:00', 'never'])
      await ada.put(chat(bob), { mutedUntil }).expect(422, 'validation_failed');
    expect((await ada.put(chat(bob), { archived: true, mutedUntil: later }).expect(200)).body.mutedUntil).toBe(later);
    await say(bob, ada, 'Three');
    expect(await list(ada)).toEqual([]);
    expect((await ada.get('/api/chats/unread-count')).body.chats).toBe(0);
  });

  it('is deleted for one, and stays with the other', async () => {
    await say(ada, bob, 'One');
    for (const _ of ['once', 'again']) await ada.delete(chat(bob)).expect(204);
    expect(await list(ada)).toEqual([]);
    expect((await history(ada, bob)).items).toEqual([]);
    expect(await texts(bob, ada)).toEqual(['One']);
    await say(bob, ada, 'Two');
    expect(await texts(ada, bob)).toEqual(['Two']);
    expect((await ada.get('/api/chats/search?q=one').expect(200)).body.items).toEqual([]);
    await eve.get(chat(ada)).expect(404, 'chat_not_found');
    await eve.delete(chat(ada)).expect(404, 'chat_not_found');
  });

  it('is read by pages, from anywhere, and for what is new', async () => {
    for (let i = 1; i <= 12; i++) await say(ada, bob, `Number ${i}`);
    expect((await bob.all(`${chat(ada)}/messages`, 5)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 12 }, (_, i) => 12 - i),
    );
    const { items, newestCursor } = await history(bob, ada, '?limit=3');
    expect(items.map(({ seq }: Json) => seq)).toEqual([12, 11, 10]);
    for (let i = 13; i <= 16; i++) await say(ada, bob, `Number ${i}`);
    const newer = await history(bob, ada, `?limit=3&since=${newestCursor}`);
    expect(newer.items.map(({ seq }: Json) => seq)).toEqual([15, 14, 13]);
    const last = await history(bob, ada, `?limit=3&since=${newer.newestCursor}`);
    expect(last.items.map(({ seq }: Json) => seq)).toEqual([16]);
    expect((await history(bob, ada, `?since=${last.newestCursor}`)).items).toEqual([]);
    const middle = await history(bob, ada, `?limit=5&around=${items[2].id}`);
    expect(middle.items.map(({ seq }: Json) => seq)).toEqual([12, 11, 10, 9, 8]);
    const older = await history(bob, ada, `?limit=2&cursor=${middle.nextCursor}`);
    expect(older.items.map(({ seq }: Json) => seq)).toEqual([7, 6]);
    await bob
      .get(`${chat(ada)}/messages?cursor=${newestCursor}&since=${newestCursor}`)
      .expect(422, 'validation_failed');
  });

  it('is searched by words, alone or with all others', async () => {
    await say(ada, bob, 'The harbour at night');
    await say(bob, ada, 'Which Hárbour?');
    await say(ada, eve, 'No harbour here');
    const found = async (who: Person, query: string) =>
      (await who.get(`/api/chats/search?q=${query}`).expect(200)).body.items.map(({ message }: Json) => message.text);
    expect(await found(ada, 'harb')).toEqual(['No harbour here', 'Which Hárbour?', 'The harbour at night']);
    expect(await found(ada, `harbour&with=${bob.username}`)).toEqual(['Which Hárbour?', 'The harbour at night']);
    expect(await found(eve, 'harbour')).toEqual(['No harbour here']);
    expect(await found(bob, 'harbour+night')).toEqual(['The harbour at night']);
    await eve.get(`/api/chats/search?q=x&with=${bob.username}`).expect(404, 'chat_not_found');
  });

  it('hides what was read where one of the two wants it so', async () => {
    await bob.put('/api/users/me', { readReceipts: false }).expect(200);
    const adas = await listen(ada);
    const message = await say(ada, bob, 'Seen?');
    await bob.put(`${chat(ada)}/read`, { upTo: message.id }).expect(204);
    await say(bob, ada, 'Now');
    await adas.hears('message.created', ({ message }) => message.text === 'Now');
    expect(adas.of('chat.read')).toEqual([]);
    expect((await history(ada, bob)).items[1].status).toBe('delivered');
    expect(await item(ada, bob)).toMatchObject({ delivered: 2, read: null });
  });

  it('stays with one when the account of the other is deleted', async () => {
    await say(ada, bob, 'Mine');
    await say(bob, ada, 'Yours');
    const { id } = (await item(ada, bob)).chat;
    await bob.send('DELETE', '/api/users/me', { currentPassword: 'correct horse battery' }).expect(204);
    await until(
      async () => (await ada.get(`/api/chats/${id}/messages`).expect(200)).body.items[0].deletedAt,
      'what they wrote to be erased',
    );
    await ada.get(chat(bob)).expect(404, 'chat_not_found');
    const { body } = await ada.get(`/api/chats/${id}/messages`).expect(200);
    expect(body.items).toMatchObject([
      { seq: 2, sender: null, text: '', deletedAt: expect.any(String) },
      { seq: 1, sender: { username: ada.username }, text: 'Mine' },
    ]);
    expect(await list(ada)).toMatchObject([{ chat: { id, with: null }, canMessage: false }]);
    await ada
      .post(`/api/chats/${id}/messages`, { type: 'text', text: 'x', clientId: randomUUID() })
      .expect(403, 'cannot_message');
  });

  it('shows who is typing, but not in requests, across blocks, or of who hides that they are there', async () => {
    await say(ada, bob, 'One');
    await say(eve, bob, 'Let me in');
    const [adas, bobs, eves] = [await listen(ada), await listen(bob), await listen(eve)];
    const types = async (device: Device, to: Person) =>
      expect(await device.command('chat.typing', { to: to.username })).toEqual({ data: null });
    await types(eves, bob);
    for (let i = 0; i < 3; i++) await types(adas, bob);
    expect(await bobs.hears('typing')).toMatchObject({
      username: ada.username,
      chat: { with: { username: ada.username }, folder: 'inbox' },
    });
    await ada.put('/api/users/me', { showPresence: 'nobody' }).expect(200);
    await sleep(3_100);
    await types(adas, bob);
    await bob.post(`/api/blocks/${ada.username}`).expect(201);
    await types(bobs, ada);
    expect(await eves.command('chat.typing', { to: ada.username })).toMatchObject({
      error: { code: 'chat_not_found' },
    });
    await sleep(500);
    expect(bobs.of('typing')).toHaveLength(1);
    expect(adas.of('typing')).toEqual([]);
  });

  it('notifies of what stays unread, until it is read', async () => {
    const kinds = async () =>
      (await bob.get('/api/notifications').expect(200)).body.items.filter(({ kind }: Json) => kind === 'message');
    const message = await say(ada, bob, 'Where are you?');
    const [line] = await until(async () => (await kinds()).length && kinds(), 'a notification');
    expect(line).toMatchObject({ read: false, actors: [{ username: ada.username }] });
    await bob.put(`${chat(ada)}/read`, { upTo: message.id }).expect(204);
    await until(async () => (await kinds()).length === 0, 'it to be withdrawn');
  });
});
