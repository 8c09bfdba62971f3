import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import type { Client, Json } from '../setup/client.js';
import { bareMedias, item, makePlaylist } from '../setup/playlists.js';
import { recount } from '../setup/recount.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const [like, dislike] = ['👍', '👎'].map(encodeURIComponent);

let vitrine: Vitrine;
let [ada, vera, zoe]: Person[] = [];
/** The user who is disabled and enabled. */
let ghost: Client & { username: string };
let media: string;
let haunted: string;
let comment: Json;
let playlist: Json;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  [ada, vera, zoe] = await Promise.all([newPerson(vitrine), newPerson(vitrine), newPerson(vitrine)]);
}, 120_000);
afterAll(() => vitrine.stop());
beforeEach(async () => {
  await vitrine.db.query('delete from medias; delete from follows; delete from tags; delete from playlists');
  ghost = await vitrine.signUp();
  [media] = (await bareMedias(vitrine, ada!, 1)) as [string];
  [haunted] = (await bareMedias(vitrine, ghost, 1)) as [string];
  playlist = await makePlaylist(ada!.client);
  for (const [owner, url] of [
    [ada!.client, media],
    [ghost, haunted],
  ] as const) {
    await owner.put(`/api/medias/${url}`, { tags: ['harbour'] }).expect(200);
    await ada!.client.post(item(url, playlist)).expect(201);
  }
  comment = await says(ada!.client, 'First');
  for (const who of [ghost, zoe!.client]) {
    for (const at of [
      `/api/medias/${media}/reposts`,
      `/api/medias/${media}/likes`,
      `/api/comments/${comment.url}/likes`,
    ])
      await who.post(at).expect(201);
    await says(who, 'So do I');
    await says(who, 'Where?', comment.url);
    await who.post(`/api/follows/${ada!.username}`).expect(201);
  }
  await vera!.client.post(`/api/medias/${media}/likes`, { isLike: false }).expect(201);
  await ada!.client.post(`/api/follows/${ghost.username}`).expect(201);
});

const says = async (who: Client, text: string, replyTo?: string): Promise<Json> =>
  (await who.post(`/api/comments/medias/${media}`, { text, ...(replyTo && { replyTo }) }).expect(201)).body;
const command = (verb: 'disable' | 'enable') => {
  const { databaseUrl, dataDir } = vitrine;
  const env = { PATH: process.env.PATH, NODE_ENV: 'test', DATABASE_URL: databaseUrl, DATA_DIR: dataDir };
  return promisify(execFile)(process.execPath, [cli, 'users', verb, ghost.username], { env });
};
/** The same without the command: a change of the row is enough. */
const operator = (verb: 'disable' | 'enable') =>
  vitrine.db.query(`update users set disabled_at = ${verb === 'disable' ? 'now()' : 'null'} where username = $1`, [
    ghost.username,
  ]);
const readers = () => ({ anybody: vitrine.client(), ada: ada!.client, vera: vera!.client });

/** Every count that has a list: the shown number, and the length of the list. */
async function compared(reader: Client): Promise<Record<string, [shown: number, listed: number]>> {
  const read = async (path: string): Promise<Json> => (await reader.get(path).expect(200)).body;
  const listed = async (path: string) => (await reader.all(path)).length;
  const said = async (path: string): Promise<number> => {
    const list = await reader.all(path);
    const below = await Promise.all(list.map(({ url }) => said(`/api/comments/${url}/replies`)));
    return list.filter(({ deletedAt }) => deletedAt === null).length + below.reduce((sum, n) => sum + n, 0);
  };
  const reactions = async (path: string, counts: Json, what: string): Promise<[string, [number, number]][]> => [
    [`reactions to the ${what}`, [counts.reactions, await listed(path)]],
    [`likes of the ${what}`, [counts.likes, await listed(`${path}?emoji=${like}`)]],
    [`dislikes of the ${what}`, [counts.dislikes, await listed(`${path}?emoji=${dislike}`)]],
  ];
  const at = { media: `/api/medias/${media}`, comment: `/api/comments/${comment.url}` };
  const ofMedia = (await read(at.media)).counts;
  const inList = (await read('/api/medias?limit=100')).items.find(({ url }: Json) => url === media).counts;
  expect(inList).toEqual(ofMedia);
  const ofComment = (await read(at.comment)).counts;
  const user = `/api/users/${ada!.username}`;
  const profile = (await read(user)).counts;
  const foundTags = (await read('/api/search?q=harbour&type=tags')).items as Json[];
  const tagged = await listed('/api/tags/harbour/medias');
  const ghosts = await reader.get(`/api/users/${ghost.username}`);
  return Object.fromEntries([
    ...(await reactions(`${at.media}/likes`, ofMedia, 'media')),
    ...(await reactions(`${at.comment}/likes`, ofComment, 'comment')),
    ['reposts', [ofMedia.reposts, await listed(`${at.media}/reposts`)]],
    ['comments', [ofMedia.comments, await said(`/api/comments/medias/${media}`)]],
    ['replies', [ofComment.replies, await listed(`${at.comment}/replies`)]],
    ['followers', [profile.followers, await listed(`${user}/followers`)]],
    ['followings', [profile.followings, await listed(`${user}/followings`)]],
    [
      'items',
      [
        (await read(`/api/playlists/${playlist.url}`)).counts.items,
        await listed(`/api/playlists/${playlist.url}/medias`),
      ],
    ],
    [
      'items in the list',
      [(await read('/api/playlists')).items[0].counts.items, await listed(`/api/playlists/${playlist.url}/medias`)],
    ],
    ['medias of the tag', [(await read('/api/tags/harbour')).counts.medias, tagged]],
    ['medias of the tag that was found', [foundTags[0]!.counts.medias, tagged]],
    ...(ghosts.status === 200
      ? [['photos of the ghost', [ghosts.body.counts.photos, await listed(`/api/medias?username=${ghost.username}`)]]]
      : []),
  ]);
}
const numbers = async (reader: Client) =>
  Object.fromEntries(Object.entries(await compared(reader)).map(([name, [shown]]) => [name, shown]));
const untrue = async (reader: Client) =>
  Object.entries(await compared(reader)).flatMap(([name, [shown, listed]]) =>
    shown === listed ? [] : [`${name}: ${shown}, and ${listed} in the list`],
  );
async function expectTrue(only: (keyof ReturnType<typeof readers>)[] = ['anybody', 'ada', 'vera']) {
  for (const name of only) expect(await untrue(readers()[name]), `what ${name} reads`).toEqual([]);
}

const all = {
  ...{ 'reactions to the media': 3, 'likes of the media': 2, 'dislikes of the media': 1 },
  ...{ 'reactions to the comment': 2, 'likes of the comment': 2, 'dislikes of the comment': 0 },
  ...{ reposts: 2, comments: 5, replies: 2, followers: 2, followings: 1, items: 2, 'items in the list': 2 },
  ...{ 'medias of the tag': 2, 'medias of the tag that was found': 2 },
};
const withGhost = { ...all, 'photos of the ghost': 1 };
const withoutGhost = {
  ...{ 'reactions to the media': 2, 'likes of the media': 1, 'dislikes of the media': 1 },
  ...{ 'reactions to the comment': 1, 'likes of the comment': 1, 'dislikes of the comment': 0 },
  ...{ reposts: 1, comments: 3, replies: 1, followers: 1, followings: 0, items: 1, 'items in the list': 1 },
  ...{ 'medias of the tag': 1, 'medias of the tag that was found': 1 },
};
/** Waits until jobs have updated the counters, those that no page shows included. */
async function become(expected: object): Promise<void> {
  await until(
    async () => JSON.stringify(await numbers(vitrine.client())) === JSON.stringify(expected),
    'the counts to follow',
  ).catch(async () => expect(await numbers(vitrine.client())).toEqual(expected));
  const behind = `select from users where is_counted <> (disabled_at is null)
    or is_open is distinct from (disabled_at is null and not is_private)`;
  await until(async () => (await vitrine.db.query(behind)).rowCount === 0, 'all rows of the account to follow');
}

describe('counts match the lists beside them', () => {
  it('when an account is disabled, and when it is enabled again', async () => {
    for (const reader of Object.values(readers())) expect(await numbers(reader)).toEqual(withGhost);
    await expectTrue();
    for (const change of [command, operator]) {
      await change('disable');
      await become(withoutGhost);
      await expectTrue();
      await change('enable');
      await become(withGhost);
      await expectTrue();
      expect(await recount(vitrine, '--check')).toMatchObject({ code: 0, wrong: [] });
    }
  }, 120_000);

  it('when an account is deleted', async () => {
    await ghost.send('DELETE', '/api/users/me', { currentPassword: 'correct horse battery' }).expect(204);
    await become(withoutGhost);
    await expectTrue();
  }, 60_000);

  it('for a reader with blocks in either direction', async () => {
    for (const [blocker, blocked, sees] of [
      [vera!.client, ghost.username, { 'photos of the ghost': 0 }],
      [ghost, vera!.username, {}],
    ] as const) {
      await blocker.post(`/api/blocks/${blocked}`).expect(201);
      expect(await numbers(vera!.client)).toEqual({ ...withoutGhost, ...sees });
      for (const reader of [vitrine.client(), ada!.client]) expect(await numbers(reader)).toEqual(withGhost);
      await expectTrue();
      // Answers to acts have the same counts as reads.
      const { body: media_ } = await vera!.client.put(`/api/medias/${media}/reaction`, { emoji: '👎' }).expect(200);
      expect(media_.counts).toEqual({ likes: 1, dislikes: 1, reactions: 2 });
      const { body: comment_ } = await vera!.client.put(`/api/comments/${comment.url}/reaction`, { emoji: '🎉' });
      expect(comment_.counts).toEqual({ likes: 1, dislikes: 0, reactions: 2 });
      await vera!.client.delete(`/api/comments/${comment.url}/reaction`).expect(204);
      await blocker.delete(`/api/blocks/${blocked}`).expect(204);
      expect(await numbers(vera!.client)).toEqual(withGhost);
      await expectTrue();
    }
  }, 60_000);

  it('for a reader who blocks one of two, while the other one is disabled', async () => {
    await operator('disable');
    await become(withoutGhost);
    await vera!.client.post(`/api/blocks/${zoe!.username}`).expect(201);
    await expectTrue();
    expect(await numbers(vera!.client)).toMatchObject({ comments: 1, followers: 0, 'likes of the media': 0 });
    await operator('enable');
    await become(withGhost);
    await expectTrue();
    await vera!.client.delete(`/api/blocks/${zoe!.username}`).expect(204);
  }, 60_000);
});

describe('traces of a disabled account', () => {
  it('stay below a comment that is deleted meanwhile, and come back with it', async () => {
    const talk = await says(ada!.client, 'Anybody?');
    await says(ghost, 'Me', talk.url);
    await operator('disable');
    await become({ ...withoutGhost, comments: 4 });
    await ada!.client.delete(`/api/comments/${talk.url}`).expect(204);
    expect(await numbers(vitrine.client())).toMatchObject({ comments: 3 });
    await operator('enable');
    await become({ ...withGhost, comments: 6 });
    await expectTrue();
    const { body } = await ada!.client.get(`/api/comments/${talk.url}/replies`).expect(200);
    await ghost.delete(`/api/comments/${body.items[0].url}`).expect(204);
    await ada!.client.get(`/api/comments/${talk.url}`).expect(404, 'comment_not_found');
    await become(withGhost);
  }, 60_000);

  it('move no counter when they are deleted', async () => {
    await operator('disable');
    await become(withoutGhost);
    for (const rows of ['reactions', 'reposts', 'comment_reactions'])
      await vitrine.db.query(`delete from ${rows} where user_id = (select id from users where username = $1)`, [
        ghost.username,
      ]);
    await vitrine.db.query('delete from medias where url = $1', [haunted]);
    await vitrine.db.query('delete from comments where author_id = (select id from users where username = $1)', [
      ghost.username,
    ]);
    expect(await numbers(vitrine.client())).toEqual(withoutGhost);
    expect(await recount(vitrine, '--check')).toMatchObject({ code: 0, wrong: [] });
  }, 60_000);

  it('are corrected by the sweep, if an event was lost or a request came late', async () => {
    await vitrine.end('social,mail,maintenance', 'SIGTERM');
    await vitrine.db.query('update users set disabled_at = now() where username = $1', [ghost.username]);
    await vitrine.db.query('delete from outbox_events where dispatched_at is null');
    vitrine.startWorker('social,mail,maintenance');
    await become(withoutGhost);
    // As by a request that was admitted before.
    await vitrine.db.query(
      `insert into reactions (media_id, user_id, emoji) select m.id, u.id, '👍' from medias m, users u
       where m.url = $1 and u.username = $2 on conflict (media_id, user_id) do update set is_counted = true`,
      [media, ghost.username],
    );
    expect(await numbers(vitrine.client())).not.toEqual(withoutGhost);
    await become(withoutGhost);
    await operator('enable');
    await become(withGhost);
  }, 120_000);
});
