import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../src/platform/realtime/commands.js';
import { chat, say, type Person } from '../setup/chats.js';
import type { Client, Json } from '../setup/client.js';
import { Device } from '../setup/device.js';
import { Vitrine } from '../setup/vitrine.js';

type Who = 'stranger' | 'requester' | 'blocked' | 'blocker' | 'readingKey' | 'suspended';
const outsiders: Who[] = ['stranger', 'requester', 'blocked', 'blocker', 'suspended'];

let vitrine: Vitrine;
let ada: Person;
let bob: Person;
const clients = {} as Record<Who, Client>;
const keys = {} as Record<Who, string>;
let message: Json;
let chatId: string;
let routes: { method: string; path: string }[];
let devices: Device[];
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  const [one, two, ...others] = await Promise.all(Array.from({ length: 7 }, () => vitrine.signUp()));
  [ada, bob] = [one!, two!];
  await ada.post(`/api/follows/${bob.username}`).expect(201);
  await bob.post(`/api/follows/${ada.username}`).expect(201);
  message = await say(ada, bob, 'Between us');
  chatId = (await ada.get(chat(bob)).expect(200)).body.chat.id;
  for (const [i, who] of (['stranger', 'requester', 'blocked', 'blocker', 'suspended'] as const).entries()) {
    clients[who] = others[i]!;
    keys[who] = others[i]!.apiKey;
  }
  const [, requester, blocked, blocker, suspended] = others as Person[];
  await say(requester!, ada, 'Hello?');
  await say(requester!, bob, 'Hello?');
  for (const one of [ada, bob]) {
    await one.post(`/api/blocks/${blocked!.username}`).expect(201);
    await blocker!.post(`/api/blocks/${one.username}`).expect(201);
  }
  await vitrine.db.query('update users set disabled_at = now() where username = $1', [suspended!.username]);
  const wanted = { name: 'reads', scopes: ['read'], currentPassword: 'correct horse battery' };
  keys.readingKey = (await bob.post('/api/users/me/api-keys', wanted).expect(201)).body.apiKey;
  clients.readingKey = vitrine.client({ 'x-api-key': keys.readingKey });
  const { body: document } = await vitrine.client().get('/docs-json').expect(200);
  routes = Object.entries<object>(document.paths)
    .filter(([path]) => path.startsWith('/api/chats/{username}'))
    .flatMap(([path, item]) => Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })));
  devices = await Promise.all([ada, bob].map(({ apiKey }) => new Device(vitrine.origin, { apiKey }).ready()));
  await vitrine.settled();
  for (const { heard } of devices) heard.length = 0;
});
afterAll(async () => {
  for (const device of devices ?? []) device.close();
  await vitrine?.stop();
});

/** Everything of the chat of the two. */
const state = async () =>
  JSON.stringify(
    (
      await vitrine.db.query(
        `select (select json_agg(m order by seq) from messages m where chat_id = $1) as messages,
          (select json_agg(c order by user_id) from chat_members c where chat_id = $1) as members,
          (select json_agg(r) from message_reactions r where chat_id = $1) as reactions,
          (select json_agg(h) from message_hides h where chat_id = $1) as hides`,
        [chatId],
      )
    ).rows,
  );
const text = () => ({ type: 'text', text: 'Let me in', clientId: randomUUID() });
/** A valid body for each route: only the caller is wrong. */
const bodyOf = (method: string, path: string): object | undefined => {
  if (method === 'POST') return text();
  if (method !== 'PUT') return undefined;
  if (path.endsWith('/reaction')) return { emoji: '🎈' };
  if (path.endsWith('/{id}')) return { text: 'Changed' };
  if (/\/(read|delivered)$/.test(path)) return { upTo: message.id };
  return path.endsWith('/accept') ? undefined : { archived: true };
};
const bodyOfCommand: Record<string, (to: string) => object> = {
  'message.send': (to) => ({ to, ...text() }),
  'message.edit': (to) => ({ to, id: message.id, text: 'Changed' }),
  'message.delete': (to) => ({ to, id: message.id, for: 'everyone' }),
  'message.react': (to) => ({ to, id: message.id, emoji: '🎈' }),
  'message.unreact': (to) => ({ to, id: message.id }),
  'chat.delivered': (to) => ({ to, upTo: message.id }),
  'chat.read': (to) => ({ to, upTo: message.id }),
  'chat.typing': (to) => ({ to }),
};

describe('the chat of two', () => {
  it.each(outsiders)('does not exist for a %s, by no route', async (who) => {
    const before = await state();
    const wrong: object[] = [];
    for (const { method, path } of routes) {
      const address = path.replace('{username}', chatId).replace('{id}', message.id);
      const { status, bytes } = await clients[who].send(method, address, bodyOf(method, path));
      const expected = who === 'suspended' ? 401 : method === 'POST' ? 403 : 404;
      if (status !== expected || bytes.includes('Between us')) wrong.push({ method, path, status, expected });
    }
    expect(routes.length).toBeGreaterThan(9);
    expect(wrong).toEqual([]);
    expect(await state()).toBe(before);
  });

  it('is read with a key that may only read, and not changed', async () => {
    const before = await state();
    for (const { method, path } of routes.filter(({ method }) => method !== 'GET')) {
      const address = path.replace('{username}', ada.username).replace('{id}', message.id);
      await clients.readingKey.send(method, address, bodyOf(method, path)).expect(403, 'scope_missing');
    }
    expect((await clients.readingKey.get(chat(ada)).expect(200)).body.lastMessage.text).toBe('Between us');
    expect(await state()).toBe(before);
  });

  it('takes no command from others', async () => {
    const before = await state();
    const names = Object.keys(commands).filter((name) => /^(message|chat)\./.test(name));
    for (const who of ['stranger', 'requester', 'blocked', 'blocker', 'readingKey'] as const) {
      const device = await new Device(vitrine.origin, { apiKey: keys[who] }).ready();
      for (const name of names) {
        const { error } = await device.command(
          name,
          bodyOfCommand[name]!(who === 'readingKey' ? ada.username : chatId),
        );
        const codes = who === 'readingKey' ? ['scope_missing'] : ['chat_not_found', 'cannot_message'];
        expect(codes, `${who} ${name}`).toContain(error?.code);
      }
      device.close();
    }
    expect(await state()).toBe(before);
  });

  it('told nobody of all that', async () => {
    await vitrine.settled();
    for (const { heard } of devices)
      expect(heard.filter(({ name }) => /^(message|chat|typing)/.test(name))).toEqual([]);
    expect(await say(bob, ada, 'Still here')).toMatchObject({ seq: 2 });
  });
});
