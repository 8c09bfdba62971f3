import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../setup/client.js';
import { addressesOf, listRoutes } from '../setup/lists.js';
import { isDue, shows, type At, type State, type Thing } from '../setup/shows.js';
import { leaveTraces, secrets, type Doer, type Traces, type Who } from '../setup/traces.js';
import { Vitrine } from '../setup/vitrine.js';

const everybody: Who[] = ['owner', 'follower', 'asked', 'stranger', 'blocked', 'moderator', 'anybody'];
const welcome = everybody.filter((who) => who !== 'blocked');
const followers: Who[] = ['owner', 'follower'];

let vitrine: Vitrine;
let traces: Traces;
let lists: string[];
/** Routes that are read without a cursor. */
let reads: string[];
beforeAll(async () => {
  vitrine = await Vitrine.start();
  traces = await leaveTraces(vitrine);
  const { body: document } = await vitrine.client().get('/docs-json').expect(200);
  lists = listRoutes(document);
  reads = Object.entries<object>(document.paths)
    .filter(([path, item]) => 'get' in item && !lists.includes(path) && path.startsWith('/api/'))
    .map(([path]) => path);
}, 180_000);
afterAll(() => vitrine.stop());

const show = (visibility: string) => async () => {
  const { owner } = traces.clients;
  await owner.put(`/api/medias/${traces.media.url}`, { visibility }).expect(200);
  await owner.put(`/api/playlists/${traces.playlist.url}`, { visibility }).expect(200);
};
const disable = (who: Doer, yes: boolean) =>
  vitrine.db.query('update users set disabled_at = case when $2 then now() end where username = $1', [
    traces.users[who].username,
    yes,
  ]);
const forFollowers = { seenBy: followers, listedFor: followers, listedByOwnerFor: followers };
const nobody = { seenBy: [], listedFor: [], listedByOwnerFor: [] };
/** Entered in this order. */
const states: State[] = [
  {
    name: 'public',
    async enter() {
      await traces.clients.owner.post(`/api/blocks/${traces.users.blocked.username}`).expect(201);
      await disable('gone', true);
    },
    ...{ seenBy: welcome, listedFor: welcome, listedByOwnerFor: welcome },
  },
  { name: 'unlisted', enter: show('unlisted'), seenBy: welcome, listedFor: [], listedByOwnerFor: ['owner'] },
  { name: 'for followers', enter: show('followers'), ...forFollowers },
  { name: 'private', enter: show('private'), seenBy: ['owner'], listedFor: [], listedByOwnerFor: ['owner'] },
  {
    name: 'public in a private account',
    async enter() {
      await show('public')();
      await traces.clients.owner.put('/api/users/me', { isPrivate: true }).expect(200);
    },
    ...forFollowers,
  },
  {
    name: 'of a disabled account',
    isClosed: true,
    async enter() {
      await traces.clients.owner.put('/api/users/me', { isPrivate: false }).expect(200);
      await disable('owner', true);
    },
    ...nobody,
  },
  {
    name: 'deleted',
    async enter() {
      await disable('owner', false);
      await traces.clients.owner.delete(`/api/medias/${traces.media.url}`).expect(204);
      await traces.clients.owner.delete(`/api/playlists/${traces.playlist.url}`).expect(204);
    },
    ...nobody,
  },
];

/** Words that identify each thing; where it is listed, the first one appears. */
const marks = (): Record<Thing, string[]> => ({
  media: [traces.media.url, secrets.media],
  file: [traces.media.files[0].url],
  playlist: [traces.playlist.url, secrets.playlist],
  comment: [traces.comment.url, secrets.comment, traces.comment.attachment.url],
  away: [traces.away.url, secrets.away],
  tag: [secrets.tag],
});

/** Every address of every list: with the owner's things, with the stranger's, and with the caller's own. */
function addresses(who: Who): (Omit<At, 'state'> & { path: string })[] {
  const { media, foreign, comment, away, users, comments, playlists } = traces;
  const self = who === 'anybody' ? 'stranger' : who;
  const fixtures = {
    owner: { username: users.owner.username, media: media.url, comment: comment.url, playlist: playlists.owner },
    other: { username: users.stranger.username, media: foreign.url, comment: away.url, playlist: playlists.stranger },
    self: { username: users[self].username, media: media.url, comment: comments[self], playlist: playlists[self] },
  };
  const all = (['owner', 'other', ...(who === 'anybody' ? [] : (['self'] as const))] as const).flatMap((of) =>
    lists.flatMap((path) =>
      [
        ...addressesOf(path, { ...fixtures[of], tag: secrets.tag, chat: users.gone.username }),
        ...(path === '/api/notifications' ? [`${path}?kind=media_published`] : []),
      ].map((address) => ({ who, path, of, address })),
    ),
  );
  return [...new Map(all.toReversed().map((at) => [at.address, at])).values()];
}

/** Everybody named in an answer, except in texts. */
function peopleIn(body: Json): string[] {
  if (Array.isArray(body)) return body.flatMap(peopleIn);
  if (typeof body !== 'object' || body === null) return [];
  const { username, mentions } = body;
  return [
    ...(typeof username === 'string' ? [username] : []),
    ...(Array.isArray(mentions) ? mentions.filter((one) => typeof one === 'string') : []),
    ...Object.values(body).flatMap(peopleIn),
  ];
}

/** Sends a few requests at a time. */
async function each<T>(all: T[], ask: (one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      for (let one = left.pop(); one !== undefined; one = left.pop()) await ask(one);
    }),
  );
}

/** The address of anything else that can be read, with the owner's things in it. */
function filled(path: string): string {
  const { media, comment, playlist, users } = traces;
  const file = media.files[0].url;
  const urls: Record<string, string> = { comments: comment.url, playlists: playlist.url, photos: file, files: file };
  const named: Record<string, string> = {
    ...{ url: urls[path.split('/')[2]!] ?? media.url, username: users.owner.username, name: secrets.tag },
    ...{ rung: '144p', sheet: '1', lang: 'en' },
  };
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (named[name] === undefined) throw new Error(`What is {${name}} in ${path}? Write it down in \`filled\`.`);
    return named[name];
  });
}

it('what every list shows is declared', () => {
  expect(lists.filter((path) => !shows[path])).toEqual([]);
  expect(Object.keys(shows).filter((path) => !lists.includes(path))).toEqual([]);
});

it('all of them appear before anybody is disabled', async () => {
  const found = new Set<string>();
  const { gone } = traces.users;
  for (const who of everybody)
    await each(addresses(who), async ({ path, address }) => {
      const { status, body } = await traces.clients[who].get(`${address}&limit=100`);
      if (status === 200 && peopleIn(body.items).includes(gone.username)) found.add(path);
    });
  expect(lists.filter((path) => shows[path]!.users && !found.has(path))).toEqual([]);
});

describe.each(states)('what is $name', (state) => {
  beforeAll(state.enter);

  it('is in the lists it belongs to, and in no other', async () => {
    const wrong: string[] = [];
    const known = Object.entries(marks()) as [Thing, string[]][];
    for (const who of everybody)
      await each(addresses(who), async ({ path, address, of }) => {
        const at = { who, state, address, of };
        const { status, bytes } = await traces.clients[who].get(`${address}&limit=100`);
        const text = status === 200 ? bytes.toString() : '';
        for (const [thing, words] of known) {
          const due = isDue(thing, at, shows[path]!);
          if (thing !== 'file' && shows[path]![thing] && due && !text.includes(words[0]!))
            wrong.push(`${who} ${address} (${of}) lacks the ${thing}`);
          const leaked = due ? [] : words.filter((word) => text.includes(word) && !address.includes(word));
          if (leaked.length) wrong.push(`${who} ${address} (${of}) has ${leaked.join()}`);
        }
      });
    expect(wrong).toEqual([]);
  });

  it('is revealed by no other route', async () => {
    const wrong: string[] = [];
    const words = Object.entries(marks()).flatMap(([thing, all]) => (thing === 'away' ? [] : all));
    for (const who of everybody.filter((one) => !state.seenBy.includes(one)))
      await each(reads, async (path) => {
        const address = filled(path);
        const { status, bytes } = await traces.clients[who].get(address);
        const text = bytes.toString();
        const leaked = words.filter((word) => text.includes(word) && !address.includes(word));
        const isTag = path === '/api/tags/{name}' && status === 200;
        if (leaked.length || (isTag && !state.listedFor.includes('anybody')))
          wrong.push(`${who} ${address} has ${leaked.join()}`);
      });
    expect(wrong).toEqual([]);
  });

  it('is answered without naming disabled or hidden users', async () => {
    const wrong: string[] = [];
    const { owner, blocked, gone } = traces.users;
    for (const who of everybody) {
      const hidden = [
        gone.username,
        ...(state.isClosed || who === 'blocked' ? [owner.username] : []),
        ...(who === 'owner' ? [blocked.username] : []),
      ];
      await each(addresses(who), async ({ path, address }) => {
        const { status, body } = await traces.clients[who].get(`${address}&limit=100`);
        const met = status === 200 ? peopleIn(body.items).filter((name) => hidden.includes(name)) : [];
        if (met.length && !(path === '/api/blocks' && who === 'owner'))
          wrong.push(`${who} ${address} names ${[...new Set(met)].join()}`);
      });
    }
    expect(wrong).toEqual([]);
  });
});
