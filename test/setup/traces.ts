import { expect } from 'vitest';
import type { Client, Json } from './client.js';
import { picture } from './make-media.js';
import { until } from './until.js';
import type { Vitrine } from './vitrine.js';

/** `gone` does everything, and is disabled afterwards. */
export const doers = ['owner', 'follower', 'asked', 'stranger', 'blocked', 'moderator', 'gone'] as const;
export type Doer = (typeof doers)[number];
export type Who = Doer | 'anybody';
type User = Awaited<ReturnType<Vitrine['signUp']>>;

/** Words that would reveal what must stay hidden. Every search of lists.ts matches them. */
export const secrets = {
  media: 'zanzibarish',
  tag: 'harbourquagga',
  playlist: 'wombatish',
  comment: 'ocelotish',
  away: 'pangolinish',
} as const;

export interface Traces {
  clients: Record<Who, Client>;
  users: Record<Doer, User>;
  /** Of the owner. */
  media: Json;
  playlist: Json;
  comment: Json;
  /** The owner's comment on a media of the stranger. */
  away: Json;
  foreign: Json;
  /** Each one's comment on the owner's media, and playlist with it. */
  comments: Record<Doer, string>;
  playlists: Record<Doer, string>;
}

const names = doers.map((who) => `@person-${who}`).join(' ');
const done = async (answer: Promise<{ status: number; body: Json }>): Promise<Json> => {
  const { status, body } = await answer;
  expect([200, 201, 204], JSON.stringify(body)).toContain(status);
  return body;
};

/** Everybody leaves every kind of trace on a media of one of them. */
export async function leaveTraces(vitrine: Vitrine): Promise<Traces> {
  const users = {} as Record<Doer, User>;
  for (const who of doers) users[who] = await vitrine.signUp(`person-${who}`);
  const { owner, follower, asked, stranger, blocked, moderator, gone } = users;
  for (const who of doers) await users[who].put('/api/users/me', { displayName: `Harbour master ${who}` }).expect(200);
  for (const user of [follower, blocked, gone]) await done(user.post(`/api/follows/${owner.username}`));
  for (const user of [follower, blocked, gone]) await done(owner.post(`/api/follows/${user.username}`));
  const ask = (from: User, to: User) =>
    vitrine.db.query(
      'insert into follows (follower_id, followee_id) select f.id, t.id from users f, users t where f.username = $1 and t.username = $2',
      [from.username, to.username],
    );
  const text = { type: 'text', text: 'At the harbour', clientId: crypto.randomUUID() };
  await done(gone.post(`/api/chats/${owner.username}/messages`, text));
  await Promise.all([ask(asked, owner), ask(gone, moderator), ask(moderator, gone)]);
  await done(moderator.post(`/api/mutes/${gone.username}`));
  await vitrine.db.query(`update users set role = 'moderator' where username = $1`, [moderator.username]);

  const media = await owner.publish('photo', await picture(64, 64).png().toBuffer(), {
    title: `Harbour ${secrets.media}`,
    tags: [secrets.tag],
  });
  // A follower who is mentioned from the beginning would not be notified of its publication.
  await until(
    async () => (await follower.get('/api/notifications?kind=media_published').expect(200)).body.items.length,
    'the follower to be told',
  );
  await owner.put(`/api/medias/${media.url}`, { description: `${secrets.media} ${names}` }).expect(200);
  const foreign = await stranger.publish('photo', await picture(65, 64).png().toBuffer(), { title: 'Foreign' });
  const attachment = (await owner.upload('photo', await picture(66, 64).png().toBuffer()).expect(202)).body;
  await owner.settled(attachment.url);
  const say = (who: User, text: string, more: object = {}, under = media) =>
    done(who.post(`/api/comments/medias/${under.url}`, { text, ...more }));
  const comment = await say(owner, `${secrets.comment} ${names}`, { attachment: attachment.url });
  const away = await say(owner, `${secrets.away} ${names}`, {}, foreign);

  const comments = { owner: comment.url } as Record<Doer, string>;
  const playlists = {} as Record<Doer, string>;
  for (const who of doers) {
    const user = users[who];
    const { url } = await done(
      user.post('/api/playlists', {
        title: who === 'owner' ? `Harbour evenings ${secrets.playlist}` : `Harbour evenings of ${who}`,
        type: 'any',
      }),
    );
    playlists[who] = url;
    await done(user.post(`/api/medias/${media.url}/playlists/${url}`));
    for (const thing of [`medias/${media.url}`, `medias/${foreign.url}`, `comments/${comment.url}`]) {
      if (who === 'stranger') await done(user.put(`/api/${thing}/reaction`, { emoji: '❤️' }));
      else await done(user.post(`/api/${thing}/likes`));
    }
    for (const { url: seen } of [media, foreign])
      for (const verb of ['saves', 'reposts', 'views']) await done(user.post(`/api/medias/${seen}/${verb}`, {}));
    await say(user, `I was here ${names}`, {}, foreign);
    if (who === 'owner') continue;
    comments[who] = (await say(user, `I was here ${names}`)).url;
    await say(user, 'An answer', { replyTo: comment.url });
    await say(owner, `${secrets.comment} to ${who}`, { replyTo: comments[who] });
  }
  // Only now: a block deletes the notifications between the two.
  await done(asked.post(`/api/blocks/${gone.username}`));
  await told(vitrine);
  const playlist = (await owner.get(`/api/playlists/${playlists.owner}`).expect(200)).body;
  const clients = { ...users, anybody: vitrine.client() };
  return { clients, users, media, playlist, comment, away, foreign, comments, playlists };
}

/** Waits until no more notifications appear. */
async function told({ db }: Vitrine): Promise<void> {
  let before = '';
  await until(
    async () => {
      const { rows } = await db.query<{ told: string; waiting: number }>(
        `select (select string_agg(n, ' ') from (select u.username || ' ' || n.kind || ' ' || count(*) as n from notifications n
           join users u on u.id = n.user_id group by u.username, n.kind order by 1)) as told, count(*)::int as waiting
         from outbox_events where dispatched_at is null`,
      );
      const { told: now, waiting } = rows[0]!;
      const all = ['owner like', 'owner repost', 'follower media_published', 'moderator reply'];
      const isOver = waiting === 0 && now === before && all.every((one) => now?.includes(`person-${one}`));
      before = now;
      return isOver;
    },
    'everybody to be told',
    60_000,
    1_500,
  );
}
