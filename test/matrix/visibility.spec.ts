import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture, song, video } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

/** One media of each kind; their visibility goes through all states. */
const kinds = ['video', 'photo', 'music'] as const;
type Kind = (typeof kinds)[number];
type Who = 'owner' | 'follower' | 'asked' | 'stranger' | 'blocked' | 'moderator' | 'readingKey' | 'anybody';

interface State {
  name: string;
  enter: () => Promise<unknown>;
  /** The owner can't sign in. */
  isClosed?: boolean;
  /** Who can open it by its address. */
  seenBy: Who[];
  /** Who sees it in the list of everything, and in its owner's list. */
  listedFor: Who[];
  listedByOwnerFor: Who[];
}

let vitrine: Vitrine;
const clients = {} as Record<Who, Client>;
const medias = {} as Record<Kind, Json>;
/** A comment on the video. */
let comment: string;
/** Another user's playlist with all three. */
let others: string;
let ownPhoto: string;
let routes: { method: string; path: string }[];
let ada: { username: string };
let disabled: Client;
let otherScopes: Client[];

const follow = (follower: string, accepted: boolean) =>
  vitrine.db.query(
    `insert into follows (follower_id, followee_id, accepted_at)
     select f.id, o.id, case when $3 then now() end from users f, users o where f.username = $1 and o.username = $2`,
    [follower, ada.username, accepted],
  );
const key = async (client: Client, scopes: string[]) => {
  const wanted = { name: 'x', scopes, currentPassword: 'correct horse battery' };
  const { body } = await client.post('/api/users/me/api-keys', wanted).expect(201);
  return vitrine.client({ 'x-api-key': body.apiKey });
};

beforeAll(async () => {
  vitrine = await Vitrine.start();
  const [owner, follower, asked, stranger, blocked, moderator, gone] = await Promise.all(
    Array.from({ length: 7 }, () => vitrine.signUp()),
  );
  ada = owner!;
  disabled = gone!;
  Object.assign(clients, { owner, follower, asked, stranger, blocked, moderator, anybody: vitrine.client() });
  clients.readingKey = await key(stranger!, ['read']);
  otherScopes = [await key(owner!, ['write']), await key(owner!, ['account'])];
  await follow(follower!.username, true);
  await follow(asked!.username, false);
  await follow(gone!.username, true);
  await vitrine.db.query('update users set disabled_at = now() where username = $1', [gone!.username]);
  await vitrine.db.query(`update users set role = 'moderator' where username = $1`, [moderator!.username]);
  await follow(blocked!.username, true);
  await vitrine.db.query(
    `insert into blocks (blocker_id, blocked_id) select o.id, b.id from users o, users b where o.username = $1 and b.username = $2`,
    [ada.username, blocked!.username],
  );

  const frames = await Promise.all(Array.from({ length: 3 }, () => picture(200, 200).png().toBuffer()));
  const gif = await sharp(frames, { join: { animated: true } })
    .gif()
    .toBuffer();
  const bytes = { video: await video('320x180', 3), photo: gif, music: await song(2) };
  for (const kind of kinds) medias[kind] = await owner!.publish(kind, bytes[kind], { tags: ['seen'] });
  const { body: photo } = await stranger!.upload('photo', await picture(300, 300).png().toBuffer()).expect(202);
  await stranger!.settled(photo.url);
  ownPhoto = photo.url;
  const vtt = Buffer.from('WEBVTT\n\n00:00.500 --> 00:02.000\nHello');
  const subtitles = `/api/medias/${medias.video.url}/subtitles/en`;
  await owner!.send('PUT', subtitles, vtt, { 'content-type': 'text/vtt' }).expect(201);
  const { body: cover } = await owner!.upload('photo', await picture(301, 301).png().toBuffer()).expect(202);
  await owner!.settled(cover.url);
  await owner!.put(`/api/medias/${medias.music.url}/cover`, { photo: cover.url }).expect(200);

  comment = (await owner!.post(`/api/comments/medias/${medias.video.url}`, { text: 'Mine' }).expect(201)).body.url;

  names.playlistUrl = (await owner!.post('/api/playlists', { title: 'Own' }).expect(201)).body.url;
  const curator = await vitrine.signUp();
  others = (await curator.post('/api/playlists', { title: 'Of others' }).expect(201)).body.url;
  for (const kind of kinds) await curator.post(`/api/medias/${medias[kind].url}/playlists/${others}`).expect(201);

  const { body: document } = await vitrine.client().get('/docs-json').expect(200);
  routes = Object.entries<object>(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })),
  );
}, 120_000);
afterAll(() => vitrine.stop());

const everybody: Who[] = ['owner', 'follower', 'asked', 'stranger', 'blocked', 'moderator', 'readingKey', 'anybody'];
/** Everybody but those whom the owner blocked, even though a row that should not exist says they follow. */
const welcome = everybody.filter((who) => who !== 'blocked');
const show = (visibility: string) => async () => {
  for (const kind of kinds) await clients.owner.put(`/api/medias/${medias[kind].url}`, { visibility }).expect(200);
  await clients.owner.put(`/api/playlists/${names.playlistUrl}`, { visibility }).expect(200);
};
/** Entered in this order: the last two can't be left. */
const states: State[] = [
  { name: 'public', enter: show('public'), seenBy: welcome, listedFor: welcome, listedByOwnerFor: welcome },
  { name: 'unlisted', enter: show('unlisted'), seenBy: welcome, listedFor: [], listedByOwnerFor: ['owner'] },
  {
    name: 'for followers',
    enter: show('followers'),
    seenBy: ['owner', 'follower'],
    listedFor: ['owner', 'follower'],
    listedByOwnerFor: ['owner', 'follower'],
  },
  { name: 'private', enter: show('private'), seenBy: ['owner'], listedFor: [], listedByOwnerFor: ['owner'] },
  {
    name: 'public in a private account',
    async enter() {
      await show('public')();
      await clients.owner.put('/api/users/me', { isPrivate: true }).expect(200);
    },
    seenBy: ['owner', 'follower'],
    listedFor: ['owner', 'follower'],
    listedByOwnerFor: ['owner', 'follower'],
  },
  {
    name: 'of a disabled account',
    isClosed: true,
    async enter() {
      await clients.owner.put('/api/users/me', { isPrivate: false }).expect(200);
      await vitrine.db.query('update users set disabled_at = now() where username = $1', [ada.username]);
    },
    seenBy: [],
    listedFor: [],
    listedByOwnerFor: [],
  },
  {
    name: 'deleted',
    async enter() {
      await vitrine.db.query('update users set disabled_at = null where username = $1', [ada.username]);
      for (const kind of kinds) await clients.owner.delete(`/api/medias/${medias[kind].url}`).expect(204);
      await clients.owner.delete(`/api/playlists/${names.playlistUrl}`).expect(204);
    },
    seenBy: [],
    listedFor: [],
    listedByOwnerFor: [],
  },
];

const names: Record<string, string> = { rung: '144p', sheet: '1', lang: 'en', name: 'seen' };
const nowhere = 'k3JfW0aXq9TzB7Lm';
/** The kind of thing an address below is about. */
const kindOf = (path: string): Kind => (kinds.find((kind) => path.startsWith(`/api/${kind}s/`)) ?? 'video') as Kind;

/** The route with this file's things in it; with `url`, with another's. */
function address(path: string, url?: string): string {
  const kind = path.endsWith('/cover') ? 'music' : kindOf(path);
  const ofItsKind = ofMedia.test(path) ? medias[kind].url : medias[kind].files[0].url;
  const own = { comments: comment, playlists: names.playlistUrl }[path.split('/{url}')[0]!.slice(5)] ?? ofItsKind;
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = name === 'url' || name === 'mediaUrl' ? (url ?? own) : names[name];
    if (value === undefined) throw new Error(`What is {${name}} in ${path}? Write it down in \`names\`.`);
    return value;
  });
}
const about = (wanted: (method: string) => boolean) =>
  routes.filter(({ method, path }) => /\{(?:url|mediaUrl)\}/.test(path) && wanted(method) && !aboutMe.test(path));
/** Routes that exist for the owner only. */
const ownersAlone = /^\/api\/files\//;
/** Routes that are refused to viewers other than the owner. */
const forOwners = new Set(['GET /api/medias/{url}/views', 'HEAD /api/medias/{url}/views']);
/** What every viewer may do. */
const forSeers =
  /^(?:POST|PUT|DELETE) \/api\/(?:(?:medias|comments)\/\{url\}\/(?:likes|reaction|saves|reposts|views)|comments\/medias\/\{mediaUrl\})$/;
/** Routes about the caller's own lists, whatever is in them; and files that no media can have (stories/messages). */
const aboutMe = /^\/api\/(?:users\/me\/|files\/\{url\}\/content$)/;
const ofMedia = /^\/api\/(?:medias|comments|playlists)\//;

/** A valid body for each changing route: only the caller is wrong. */
const bodies: Record<string, () => object | undefined> = {
  'PUT /api/medias/{url}': () => ({ title: 'mine' }),
  'PUT /api/medias/{url}/playlists/{playlistUrl}': () => ({ note: 'mine' }),
  'PUT /api/playlists/{url}': () => ({ title: 'mine' }),
  'PUT /api/playlists/{url}/order': () => ({ media: medias.video.url, after: medias.photo.url }),
  'PUT /api/medias/{url}/reaction': () => ({ emoji: '🎈' }),
  'PUT /api/comments/{url}/reaction': () => ({ emoji: '🎈' }),
  'PUT /api/medias/{url}/cover': () => ({ photo: ownPhoto }),
  'PUT /api/medias/{url}/thumbnail': () => ({ photo: ownPhoto }),
  'POST /api/comments/medias/{mediaUrl}': () => ({ text: 'mine' }),
  'PUT /api/comments/{url}': () => ({ text: 'mine' }),
  'PUT /api/medias/{url}/subtitles/{lang}': () => Buffer.from('WEBVTT\n\n00:00.500 --> 00:02.000\nMine'),
};

describe.each(states)('what is $name', ({ enter, isClosed = false, seenBy, listedFor, listedByOwnerFor }) => {
  beforeAll(enter);
  /** Whether the account itself is disabled: then all its requests say so. */
  const isOut = async (client: Client) => (await client.get('/api/medias')).status === 401;

  it('is visible to its viewers, and does not seem to exist for everybody else', async () => {
    const reads = about((method) => method === 'GET');
    expect(reads.length).toBeGreaterThan(15);
    const wrong: object[] = [];
    for (const who of everybody) {
      const client = clients[who];
      const out = await isOut(client);
      expect([who, out]).toEqual([who, who === 'owner' && isClosed]);
      const check = async (method: string, path: string) => {
        const sees = seenBy.includes(who) && (who === 'owner' || !ownersAlone.test(path));
        const { status, body } = await client.send(method, address(path));
        const nothing = await client.send(method, address(path, nowhere));
        const refused = sees && who !== 'owner' && forOwners.has(`${method} ${path}`);
        const mayNot = refused ? (client === clients.anybody ? 401 : 403) : undefined;
        const expected = mayNot ?? (sees ? 200 : out ? 401 : nothing.status);
        if (status !== expected || (!sees && (status < 400 || body.code !== nothing.body.code)))
          wrong.push({ who, method, path, status, expected, code: body.code });
      };
      await Promise.all(reads.flatMap(({ path }) => [check('GET', path), check('HEAD', path)]));
    }
    expect(wrong).toEqual([]);
  });

  it('is in the lists of those it is listed for', async () => {
    const wrong: object[] = [];
    const lists: [string, Who[]][] = [
      ['/api/medias?limit=100', listedFor],
      ['/api/medias?limit=100&tag=seen&sort=most-liked', listedFor],
      ['/api/medias/search/seen?limit=100', listedFor],
      ['/api/search?q=seen&limit=100', listedFor],
      ['/api/tags/seen/medias?limit=100', listedFor],
      [`/api/medias?limit=100&username=${ada.username}`, listedByOwnerFor],
      [`/api/playlists/${others}/medias`, listedByOwnerFor],
    ];
    for (const who of everybody) {
      if (await isOut(clients[who])) continue;
      for (const [list, whom] of lists) {
        const { body } = await clients[who].get(list).expect(200);
        const found = body.items.map(({ url }: Json) => url);
        for (const kind of kinds)
          if (found.includes(medias[kind].url) !== whom.includes(who)) wrong.push({ who, list, kind });
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is changed by nobody else, and only its viewers learn that it exists', async () => {
    const wrong: object[] = [];
    for (const who of ['follower', 'asked', 'stranger', 'blocked', 'moderator'] as const) {
      for (const { method, path } of about((m) => m !== 'GET' && m !== 'HEAD')) {
        if (forSeers.test(`${method} ${path}`)) continue;
        const body = bodies[`${method} ${path}`]?.();
        const headers: Record<string, string> = Buffer.isBuffer(body) ? { 'content-type': 'text/vtt' } : {};
        const answer = await clients[who].send(method, address(path), body, headers);
        const expected = seenBy.includes(who) && ofMedia.test(path) ? 403 : 404;
        if (answer.status !== expected)
          wrong.push({ who, method, path, status: answer.status, expected, code: answer.body.code });
      }
    }
    expect(wrong).toEqual([]);
  });

  it('can be reacted to by its viewers only', async () => {
    const wrong: object[] = [];
    const writes = about((m) => m !== 'GET' && m !== 'HEAD').filter(({ method, path }) =>
      forSeers.test(`${method} ${path}`),
    );
    expect(writes.length).toBeGreaterThan(8);
    for (const who of everybody) {
      if (who === 'readingKey' || (await isOut(clients[who]))) continue;
      for (const { method, path } of writes) {
        const { status, body } = await clients[who].send(method, address(path), bodies[`${method} ${path}`]?.());
        const isOpen = who !== 'anybody' || path.endsWith('/views');
        const expected = !isOpen ? [401] : seenBy.includes(who) ? [200, 201, 204] : [404];
        if (!expected.includes(status)) wrong.push({ who, method, path, status, expected, code: body.code });
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is closed to keys without the scope to read, and to disabled users', async () => {
    const wrong: object[] = [];
    for (const { path } of about((method) => method === 'GET')) {
      for (const client of otherScopes) {
        const { status } = await client.get(address(path));
        if (status !== 403 && status !== 401) wrong.push({ path, status });
      }
      const { status } = await disabled.get(address(path));
      if (status !== 401) wrong.push({ path, status, who: 'disabled' });
    }
    expect(wrong).toEqual([]);
  });
});
