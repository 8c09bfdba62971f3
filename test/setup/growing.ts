import { randomBytes } from 'node:crypto';
import type { Client, Json } from './client.js';
import type { Fixture } from './lists.js';
import type { Vitrine } from './vitrine.js';

/** How a list grows and shrinks: through the API if that is one call, else by inserting rows. */
export interface Source {
  /** Identifies an item. */
  of: (item: Json) => string;
  /**
   * @param count value of the counter the list is sorted by
   * @returns the name of the item, if it is not the given one
   */
  add: (name: string, count: number) => Promise<unknown>;
  drop: (name: string) => Promise<unknown>;
}
export const makeName = () => randomBytes(8).toString('hex');

type Sources = Record<string, Source | ((address: string) => Source)>;

/** The source of every list. */
export function sourcesOf({ db }: Vitrine, ada: Client & { username: string }, fixture: Fixture): Sources {
  const meant = (text: string) =>
    text
      .replaceAll(':me', `(select id from users where username = '${ada.username}')`)
      .replaceAll('$1', () => '$1::text')
      .replaceAll('$2', () => '$2::int');
  const sql = (text: string) => (name: string, count: number) => db.query(meant(text), [name, count]);
  const one = (text: string) => async (name: string, count: number) =>
    (await sql(text)(name, count)).rows[0]!.id as string;
  const drop =
    (table: string, column = 'id') =>
    (name: string) =>
      db.query(`delete from ${table} where ${column} = $1`, [name]);
  const call = (method: string, path: (name: string) => string) => (name: string) =>
    ada.send(method, path(name)).then(({ status, body }) => {
      if (status >= 300) throw new Error(`${method} ${path(name)}: ${JSON.stringify(body)}`);
    });
  const both = (first: Source['add'], then: Source['add']) => async (name: string, count: number) => {
    await first(name, count);
    await then(name, count);
  };

  const media = `insert into medias (url, owner_id, type, title, shown, status, views_count, likes_count)
    values ($1, :me, 'photo', 'Harbour', true, 'ready', $2, $2) returning id`;
  const user = `insert into users (username, email, password_hash, display_name, views_count, followers_count)
    values ($1, $1 || '@example.org', '', 'Harbour person', $2, $2) returning id`;
  const ofUrl = ({ url }: Json) => url as string;
  const ofName = ({ username }: Json) => username as string;
  const ofId = ({ id }: Json) => id as string;
  const theMedia = `(select id from medias where url = '${fixture.media}')`;
  const theComment = `(select id from comments where url = '${fixture.comment}')`;

  const medias: Source = {
    of: ofUrl,
    add: sql(`with m as (${media})
      insert into media_tags (media_id, tag_id) select m.id, t.id from m, tags t where t.name = '${fixture.tag}'`),
    drop: call('DELETE', (name) => `/api/medias/${name}`),
  };
  const users: Source = { of: ofName, add: sql(user), drop: drop('users', 'username') };
  /** What the reader does with medias. */
  const done = (to: (name: string) => string, undo = to): Source => ({
    of: ofUrl,
    add: both(sql(media), call('POST', to)),
    drop: call('DELETE', undo),
  });
  /** What the reader does with users. */
  const towards = (verb: string, isPrivate = false): Source => ({
    of: ofName,
    add: both(
      sql(user.replace('followers_count)', 'followers_count, is_private)').replace('$2, $2)', `$2, $2, ${isPrivate})`)),
      call('POST', (name) => `/api/${verb}/${name}`),
    ),
    drop: call('DELETE', (name) => `/api/${verb}/${name}`),
  });
  /** What users do, by inserting a row of theirs. */
  const by = (row: string, of = ofName): Source => ({ ...users, of, add: sql(`with u as (${user}) ${row} from u`) });
  const reactors = (table: string, thing: string) =>
    by(`insert into ${table} select ${thing}, u.id, '❤️'`, ({ user: reactor }: Json) => reactor.username);
  /** Medias of users whom the reader follows, each of another one. */
  const followed = (of: Source['of']): Source => ({
    of,
    add: async (name, count) => {
      await sql(user)(name, count);
      await sql(`insert into follows (follower_id, followee_id, accepted_at)
        select :me, id, now() from users where username = $1 and $2 >= 0`)(name, count);
      await sql(media.replace(':me', `(select id from users where username = $1)`))(name, count);
    },
    drop: drop('medias', 'url'),
  });
  const comments = (parent: string): Source => ({
    of: ofUrl,
    add: sql(`insert into comments (url, media_id, parent_id, author_id, text, likes_count, dislikes_count, replies_count)
      values ($1, ${theMedia}, ${parent}, :me, 'Hello', $2, $2, $2)`),
    drop: drop('comments', 'url'),
  });
  const playlists: Source = {
    of: ofUrl,
    add: sql(`insert into playlists (url, owner_id, title) select $1, :me, 'Evenings at the harbour' where $2 >= 0`),
    drop: call('DELETE', (name) => `/api/playlists/${name}`),
  };
  const messages = (of: Source['of']): Source => ({
    of,
    add: one(`with c as (update chats set last_seq = last_seq + 1 where id = '${fixture.chat}' and $2 >= 0 returning id, last_seq),
        m as (insert into messages (chat_id, seq, sender_id, client_id, type, text)
          select id, last_seq, :me, gen_random_uuid(), 'text', 'Harbour ' || $1 from c returning id, chat_id, seq)
      update chat_members me set last_seq = m.seq, last_message_id = m.id from m where me.chat_id = m.chat_id returning m.id`),
    drop: call('DELETE', (name) => `/api/chats/${fixture.chat}/messages/${name}`),
  });
  const chats = (folder: string): Source => ({
    of: (item: Json) => item.chat.with?.username ?? 'gone',
    add: sql(`with u as (${user}), m as (select uuidv7() as id),
        c as (insert into chats (low_id, high_id, last_seq) select least(id, :me), greatest(id, :me), 1 from u returning id),
        w as (insert into messages (id, chat_id, seq, sender_id, client_id, type, text)
          select m.id, c.id, 1, u.id, gen_random_uuid(), 'text', 'Hello' from c, u, m)
      insert into chat_members (chat_id, user_id, partner_id, last_seq, last_message_id, folder)
      select c.id, x.me, x.other, 1, m.id, '${folder}' from c, m, u cross join lateral (values (u.id, :me), (:me, u.id)) as x (me, other)`),
    drop: call('DELETE', (name) => `/api/chats/${name}`),
  });
  const tags: Source = {
    of: ({ name }: Json) => name,
    // On this many medias: a trigger counts them.
    add: one(`with t as (insert into tags (name) values ('harbour' || $1) returning id, name), tagged as (
        insert into media_tags (media_id, tag_id) select m.id, t.id from t, (select id from medias order by id limit $2 + 1) m)
      select name as id from t`),
    drop: drop('tags', 'name'),
  };

  const notifications: Source = {
    of: ofId,
    add: one(`with m as (${media}), u as (${user.replace('$1,', `'p' || $1,`)}),
        n as (insert into notifications (user_id, kind, in_app, media_id) select :me, 'like', true, m.id from m returning id)
        insert into notification_entries (notification_id, user_id, actor_id, act, subject_id, mail)
        select n.id, :me, u.id, 'reaction', m.id, false from n, m, u returning notification_id as id`),
    drop: call('DELETE', (name) => `/api/notifications/${name}`),
  };
  return {
    '/api/medias': medias,
    '/api/medias/search/{term}': medias,
    '/api/tags/{name}/medias': medias,
    '/api/search': (address) => ({ medias, users, playlists, tags })[/type=(\w+)/.exec(address)![1]!]!,
    '/api/medias/{url}/likes': reactors('reactions (media_id, user_id, emoji)', theMedia),
    '/api/comments/{url}/likes': reactors('comment_reactions (comment_id, user_id, emoji)', theComment),
    '/api/medias/{url}/reposts': by(
      `insert into reposts (media_id, user_id) select ${theMedia}, u.id`,
      ({ user: reposter }: Json) => reposter.username,
    ),
    '/api/comments/medias/{mediaUrl}': comments('null'),
    '/api/comments/{url}/replies': comments(theComment),
    '/api/users': users,
    '/api/users/search/{term}': users,
    '/api/feeds/global': medias,
    '/api/feeds/user/{username}': medias,
    '/api/feeds/timeline': followed(ofUrl),
    // Each is a group of its own: somebody published one media.
    '/api/feeds/timeline-aggregated': followed(({ medias: [media] }: Json) => media.url),
    '/api/users/{username}/followers': by(
      'insert into follows (follower_id, followee_id, accepted_at) select u.id, :me, now()',
    ),
    '/api/follows/requests': by('insert into follows (follower_id, followee_id) select u.id, :me'),
    '/api/users/{username}/followings': towards('follows'),
    '/api/follows/requested': towards('follows', true),
    '/api/chats': (address) => chats(address.includes('folder=requests') ? 'requests' : 'inbox'),
    '/api/chats/search': messages(({ message }: Json) => message.id),
    '/api/chats/{username}/messages': messages(ofId),
    '/api/blocks': towards('blocks'),
    '/api/mutes': towards('mutes'),
    '/api/users/{username}/reposts': done((name) => `/api/medias/${name}/reposts`),
    '/api/users/me/saved': done((name) => `/api/medias/${name}/saves`),
    '/api/users/me/reacted': done((name) => `/api/medias/${name}/likes`),
    '/api/users/me/history': done(
      (name) => `/api/medias/${name}/views`,
      (name) => `/api/users/me/history/${name}`,
    ),
    '/api/users/me/mentions': {
      ...medias,
      add: sql(`with m as (${media}) insert into media_mentions (media_id, user_id) select m.id, :me from m`),
    },
    '/api/users/me/sessions': {
      of: ofId,
      add: one(`insert into sessions (user_id, refresh_hash, device, address, expires_at)
        select :me, $1, '', '::1', now() + interval '1 day' where $2 >= 0 returning id`),
      drop: call('DELETE', (name) => `/api/users/me/sessions/${name}`),
    },
    '/api/users/me/api-keys': {
      of: ofId,
      add: one(
        `insert into api_keys (user_id, name, prefix, hash, scopes) select :me, $1, '', $1, '{read}' where $2 >= 0 returning id`,
      ),
      drop: call('DELETE', (name) => `/api/users/me/api-keys/${name}`),
    },
    '/api/notifications': notifications,
    '/api/feeds/notifications': notifications,
    '/api/playlists': playlists,
    '/api/playlists/search/{term}': playlists,
    '/api/playlists/{url}/medias': {
      of: ofUrl,
      add: both(sql(media), (name, count) =>
        ada.post(`/api/medias/${name}/playlists/${fixture.playlist}`, count > 2 ? { position: count } : {}).expect(201),
      ),
      drop: call('DELETE', (name) => `/api/medias/${name}/playlists/${fixture.playlist}`),
    },
  };
}
