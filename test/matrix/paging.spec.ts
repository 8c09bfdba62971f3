import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Json } from '../setup/client.js';
import { makeName, sourcesOf, type Source } from '../setup/growing.js';
import { addressesOf, listRoutes, type Fixture } from '../setup/lists.js';
import { Vitrine } from '../setup/vitrine.js';
import { chance } from '../setup/chance.js';

const choose = chance('places in lists');

let vitrine: Vitrine;
let ada: Awaited<ReturnType<Vitrine['signUp']>>;
let fixture: Fixture;
let routes: string[];
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  ada = await vitrine.signUp('person-ada');
  const media = 'base1';
  await vitrine.db.query(
    `insert into medias (url, owner_id, type, shown, status)
     select 'base' || n, id, 'photo', true, 'ready' from users, generate_series(1, 7) n`,
  );
  await vitrine.db.query(`insert into tags (name) values ('sea')`);
  const { body: comment } = await ada.post(`/api/comments/medias/${media}`, { text: 'First' }).expect(201);
  const { body: playlist } = await ada.post('/api/playlists', { title: 'Of ada' }).expect(201);
  const { body: message } = await ada
    .post(`/api/chats/${(await vitrine.signUp()).username}/messages`, {
      ...{ type: 'text', text: 'First', clientId: crypto.randomUUID() },
    })
    .expect(201);
  const [chat] = (await vitrine.db.query('select chat_id as id from messages where id = $1', [message.id])).rows;
  fixture = { chat: chat.id, username: ada.username, media, comment: comment.url, playlist: playlist.url, tag: 'sea' };
  routes = listRoutes((await ada.get('/docs-json').expect(200)).body);
});
afterAll(() => vitrine.stop());

/** Removes everything, so that the next list starts empty. */
async function empty() {
  const leftovers = [
    `medias where url not like 'base_'`,
    `users where username <> '${ada.username}'`,
    `comments where url <> '${fixture.comment}'`,
    `playlists where url <> '${fixture.playlist}'`,
    'notifications',
    `chats where id <> '${fixture.chat}'`,
    'messages',
    'api_keys where not is_default',
    'sessions',
    `tags where name <> 'sea'`,
  ];
  for (const those of leftovers) await remove(those);
}

/** Deletes thousands of rows in no particular order while workers write, so it may be the deadlock's victim. */
async function remove(those: string): Promise<void> {
  const isDone = await vitrine.db.query(`delete from ${those}`).catch((error: { code?: string }) => {
    if (error.code === '40P01') return null;
    throw error;
  });
  if (!isDone) await remove(those);
}

/** Items that are added and removed while the list is read: at the beginning, at the end, and in between. */
class Crowd {
  readonly stayers: string[] = [];
  readonly counts = new Map<string, number>();
  private readonly goers: string[] = [];

  constructor(private readonly source: Source) {}

  async gather() {
    for (let n = 0; n < 21; n++) (n % 5 < 3 ? this.stayers : this.goers).push(await this.add(n % 3));
  }

  /** @param preferred the one to remove, unless it belongs to those that stay */
  async stir(preferred?: string) {
    // Usually at a place of its own.
    this.goers.push(await this.add(choose(7)));
    const gone = preferred && this.goers.includes(preferred) ? preferred : this.goers[0]!;
    this.goers.splice(this.goers.indexOf(gone), 1);
    await this.source.drop(gone);
  }

  private async add(count: number): Promise<string> {
    const name = makeName();
    const other = await this.source.add(name, count);
    const known = typeof other === 'string' ? other : name;
    this.counts.set(known, count);
    return known;
  }
}

/** Answers to forged cursors. */
const broken: string[] = [];
const odd = ['\0', '0000-01-01T00:00:00Z', '2026-01-01T00:00:00+23:59', '9'.repeat(300), -1, 1e300, null, {}];
async function tampered(address: string, cursor: string): Promise<string[]> {
  const values = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
  const wrong: string[] = [];
  for (const place of values.keys()) {
    for (const value of odd) {
      const made = Buffer.from(JSON.stringify(values.with(place, value))).toString('base64url');
      const { status } = await ada.get(`${address}&cursor=${made}`);
      if (status !== 200 && status !== 422) wrong.push(`${address} from ${JSON.stringify(value)}: ${status}`);
    }
  }
  return wrong;
}

async function pageThrough(address: string, source: Source): Promise<string[]> {
  const crowd = new Crowd(source);
  await crowd.gather();
  const seen: string[] = [];
  for (let cursor: string | null = '', page = 0; cursor !== null; page++) {
    const reading = ada.get(`${address}&limit=3${cursor && `&cursor=${cursor}`}`).expect(200);
    const isStirred = page < 12;
    const [{ body }]: [Json, unknown] = await Promise.all([reading, isStirred && crowd.stir()]);
    seen.push(...body.items.map(source.of));
    // Remove the item that the cursor names before requesting the next page.
    if (isStirred && page % 2) await crowd.stir(seen.at(-1));
    cursor = body.nextCursor;
    if (page === 0 && cursor) broken.push(...(await tampered(address, cursor)));
    if (page > 60) return [`${address} does not end`];
  }
  const { body: whole } = await ada.get(`${address}&limit=100`).expect(200);
  const all: string[] = whole.items.map(source.of);
  const wrong: string[] = [];
  const check = (holds: boolean, what: string) => holds || wrong.push(`${address}: ${what}`);
  check(whole.nextCursor === null, 'there is more than all');
  check(new Set(seen).size === seen.length, 'some came twice');
  for (const name of crowd.stayers)
    check(seen.filter((one) => one === name).length === 1 && all.includes(name), `${name} came not just once`);
  const left = seen.filter((name) => all.includes(name));
  check(String(left) === String(all.filter((name) => seen.includes(name))), 'pages are in another order than the list');
  check(isSorted(address, crowd, all), 'it is in another order than it should');
  return wrong;
}

/** Whether the items that stay are in the list's order: the newest first, unless it has another. */
function isSorted(address: string, { stayers, counts }: Crowd, all: string[]): boolean {
  const found = all.filter((name) => stayers.includes(name));
  const by = /sort=(most|least)-/.exec(address)?.[1] ?? (address.includes('type=tags') ? 'most' : null);
  const isUp = by === 'least' || /sort=oldest|\/playlists\/\w+\/medias/.test(address);
  const keys = by ? found.map((name) => counts.get(name)!) : found.map((name) => stayers.indexOf(name));
  return keys.every((key, i) => i === 0 || (isUp ? keys[i - 1]! <= key : keys[i - 1]! >= key));
}

it('gives each item that stays exactly once, in order, while others come and go', async () => {
  const sources = sourcesOf(vitrine, ada, fixture);
  expect(routes.filter((path) => !sources[path])).toEqual([]);
  expect(Object.keys(sources).filter((path) => !routes.includes(path))).toEqual([]);
  const wrong: string[] = [];
  for (const path of routes) {
    for (const address of addressesOf(path, fixture)) {
      const source = sources[path]!;
      wrong.push(...(await pageThrough(address, typeof source === 'function' ? source(address) : source)));
      await empty();
    }
  }
  expect(wrong).toEqual([]);
  expect(broken).toEqual([]);
}, 300_000);
