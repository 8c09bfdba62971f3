import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NotificationsQueries } from '../../src/notifications/notifications.queries.js';
import { newPerson, type Person } from '../model/world.js';
import type { Json } from '../setup/client.js';
import { Device } from '../setup/device.js';
import { apiInProcess } from '../setup/in-process.js';
import { mostRowsOf } from '../setup/plan-rows.js';
import { statementsOf } from '../setup/statements.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

/** Above all that the reader can see. */
const hidden = 30_000;
/** A request looks at four times a thousand. */
const pagesOfHidden = Math.ceil(hidden / 4_000);
/** Of somebody from whom nothing is hidden. */
const shown = 3_000;
const counted = 250;

let vitrine: Vitrine;
let app: Awaited<ReturnType<typeof apiInProcess>>;
let reader: Person;
let other: Person;
let friend: Person;
/** Of a thousand comments below one media. */
let author: Person;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  [reader, other, friend, author] = (await Promise.all(Array.from({ length: 4 }, () => newPerson(vitrine)))) as [
    ...[Person, Person, Person, Person],
  ];
  const [hiding, gone] = await Promise.all([newPerson(vitrine), newPerson(vitrine)]);
  const client = await vitrine.db.connect();
  // Rows without triggers. Whoever mentions may hide the media afterwards, or be disabled.
  await client.query(`
    set session_replication_role = replica;
    update users set disabled_at = now() where id = '${gone.id}';
    insert into medias (url, owner_id, type, visibility, status, shown) values
      ('hidden', '${hiding.id}', 'photo', 'private', 'ready', true), ('open', '${friend.id}', 'photo', 'public', 'ready', true);
    insert into medias (url, owner_id, type, status, shown)
      select 'own' || i, '${reader.id}', 'photo', 'ready', true from generate_series(1, 6) i;
    create table lines (id uuid default uuidv7(), user_id uuid, position int, kind text, url text, actor uuid, comment uuid);
    insert into lines select uuidv7(), '${reader.id}', i, 'like', 'own' || i, '${friend.id}' from generate_series(1, 5) i;
    insert into lines select uuidv7(), '${reader.id}', 5 + i, 'mention_in_comment', case mod(i, 2) when 0 then 'hidden' else 'open' end,
      case mod(i, 2) when 0 then '${hiding.id}'::uuid else '${gone.id}' end, uuidv7() from generate_series(1, ${hidden}) i;
    insert into lines select uuidv7(), '${other.id}', i, 'mention_in_comment', 'open', '${friend.id}', uuidv7() from generate_series(1, ${shown}) i;
    insert into lines select uuidv7(), '${author.id}', i, 'comment_reaction', 'open', '${friend.id}', uuidv7() from generate_series(1, 1000) i;
    insert into users (username, email, email_verified_at, password_hash, display_name)
      select 'u' || i, 'u' || i || '@example.org', now(), '-', 'u' from generate_series(0, ${counted - 1}) i;
    insert into lines select uuidv7(), u.id, n, 'mention_in_comment', 'open', '${friend.id}', uuidv7()
      from users u, generate_series(1, mod(substr(username, 2)::int, 3)) n where username ~ '^u[0-9]+$';
    insert into comments (id, url, media_id, author_id, text)
      select l.comment, substr(md5(l.comment::text), 1, 16), m.id, l.actor, 'Look' from lines l join medias m on m.url = l.url where l.comment is not null;
    insert into notifications (id, user_id, kind, in_app, media_id, comment_id, position, actors_count)
      select l.id, l.user_id, l.kind, true, m.id, l.comment, l.position, 1 from lines l join medias m on m.url = l.url;
    insert into notification_entries (notification_id, user_id, actor_id, act, subject_id, mail)
      select l.id, l.user_id, l.actor, 'comment', coalesce(l.comment, l.id), false from lines l;
    insert into notification_positions (user_id, last) select user_id, max(position) from notifications group by user_id`);
  client.release(true);
  await vitrine.db.query('vacuum (analyze)');
  app = await apiInProcess(vitrine);
}, 180_000);
afterAll(async () => {
  await app?.close();
  await vitrine?.stop();
});

const get = async (address: string): Promise<Json> => (await reader.client.get(`/api/${address}`).expect(200)).body;
/** All pages of a list. */
async function read(address: string): Promise<Json[]> {
  const pages: Json[] = [];
  for (let cursor: string | null = ''; cursor !== null; cursor = pages.at(-1)!.nextCursor) {
    pages.push(await get(`${address}${cursor && `&cursor=${cursor}`}`));
    if (pages.length > 30) throw new Error(`${address} does not end`);
  }
  return pages;
}
const urls = (pages: Json[]): string[] => pages.flatMap(({ items }) => items).map(({ media }) => media.url);
const own = (...numbers: number[]) => numbers.map((n) => `own${n}`);

describe('notifications that are hidden from their reader', () => {
  it.each([
    'notifications?',
    'notifications?filter=unread',
    'notifications?filter=unread&kind=like',
    'feeds/notifications?',
  ])('are passed over by %s, in short pages', async (list) => {
    const pages = await read(`${list}&limit=20`);
    expect(urls(pages)).toEqual(own(5, 4, 3, 2, 1));
    expect(pages).toHaveLength(pagesOfHidden);
    expect(pages[0]).toEqual({ items: [], nextCursor: expect.any(String), newestCursor: null });
    expect(urls(await read(`${list}&limit=2`))).toEqual(own(5, 4, 3, 2, 1));
  });

  it('are not in the way of other kinds', async () => {
    const pages = await read('notifications?kind=like&limit=2');
    expect(pages.map(({ items }) => items.length)).toEqual([2, 2, 1]);
    expect(urls(await read('notifications?kind=mention_in_comment'))).toEqual([]);
  });

  it.each(['notifications', 'feeds/notifications'])('hide nothing that is newer, in %s', async (list) => {
    const { newestCursor } = await get('notifications?kind=like');
    const { nextCursor } = await get('notifications?kind=like&limit=3');
    expect(urls(await read(`${list}?since=${nextCursor}`))).toEqual(own(5, 4));
    const pages = await read(`${list}?since=${newestCursor}`);
    expect(urls(pages)).toEqual([]);
    expect(new Set(pages.map((page) => page.newestCursor))).toEqual(new Set([newestCursor]));
  });
});

const lists = ['notifications?', 'notifications?filter=unread', 'notifications?kind=mention_in_comment'];
lists.push(
  'notifications?filter=unread&kind=mention_in_comment',
  'feeds/notifications?',
  'notifications/unread-count?',
);

/** Statements of one request, and the most rows that one of them reads. */
async function asked(who: Person, list: string) {
  let body: Json;
  const statements = await statementsOf(async () => {
    const answer = await app.inject({ url: `/api/${list}`, headers: who.client.credentials });
    expect([list, answer.statusCode]).toEqual([list, 200]);
    body = JSON.parse(answer.body);
  });
  const about = statements.filter(({ text }) => text.includes('notifications'));
  const client = await vitrine.db.connect();
  const reads: { rows: number; where: string }[] = [];
  try {
    // Some of the tables are so small that they may be scanned, or joined as a whole.
    await client.query('set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off');
    for (const statement of about)
      for (const mode of ['force_custom_plan', 'force_generic_plan'] as const)
        reads.push(await mostRowsOf(client, statement, mode));
  } finally {
    client.release(true);
  }
  return { body, count: about.length, ...reads.reduce((one, two) => (two.rows > one.rows ? two : one)) };
}

describe('what is read of notifications', () => {
  it.each([...lists, 'notifications?kind=like'])('is bounded for %s where they are hidden', async (list) => {
    const { count, rows, where } = await asked(reader, list);
    expect(count).toBeLessThanOrEqual(4);
    expect(rows, where).toBeLessThanOrEqual(1_000);
  });

  it.each(lists)('is a page for %s where none is', async (list) => {
    const { body, count, rows, where } = await asked(other, list);
    expect(body.items?.length ?? body.count).toBe(body.items ? 20 : 100);
    expect(count).toBe(1);
    expect(rows, where).toBeLessThanOrEqual(100);
  });

  it('is a page of groups, of many below one media, too', async () => {
    const { body, rows, where } = await asked(author, 'feeds/notifications?');
    expect(body.items).toHaveLength(20);
    expect(rows, where).toBeLessThanOrEqual(100);
  });

  it('is bounded for the counts of many users, whose order is kept', async () => {
    const { rows } = await vitrine.db.query<{ id: string; count: number }>(
      `select id, mod(substr(username, 2)::int, 3) as count from users where username ~ '^u[0-9]+$' order by md5(username)`,
    );
    let counts: number[] = [];
    const statements = await statementsOf(async () => {
      counts = await app.get(NotificationsQueries, { strict: false }).unreadOf(rows.map(({ id }) => id));
    });
    expect(counts).toEqual(rows.map(({ count }) => count));
    expect(statements).toHaveLength(3);
  });
});

it('a notification above thousands of hidden ones is told, counted and found', async () => {
  const count = async () => (await get('notifications/unread-count')).count;
  expect(await count()).toBe(0);
  const { newestCursor } = await get('notifications?kind=like');
  const device = await new Device(vitrine.origin, { apiKey: reader.key }).ready();
  try {
    await friend.client.post('/api/medias/own6/likes').expect(201);
    const told = await device.hears('notification.changed', ({ notification }) => notification?.media.url === 'own6');
    expect(told.unreadCount).toBe(1);
    expect(await count()).toBe(1);
    const page = await get(`notifications?since=${newestCursor}`);
    expect(urls([page])).toEqual(['own6']);
    expect(page).toMatchObject({ items: [told.notification], nextCursor: expect.any(String) });
    expect(await get(`notifications?since=${page.newestCursor}`)).toMatchObject({ items: [], nextCursor: null });
    // What is hidden is read with the rest.
    await reader.client.put('/api/notifications/read', { upTo: page.newestCursor }).expect(204);
    await until(async () => (await read('notifications?filter=unread')).length === 1, 'an end of what is unread');
  } finally {
    device.close();
  }
});
