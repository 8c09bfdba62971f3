import { createECDH, randomBytes } from 'node:crypto';
import { readdir, readlink } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chat, say, write } from '../setup/chats.js';
import type { Client, Json } from '../setup/client.js';
import { picture, song, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { mailsTo, Vitrine } from '../setup/vitrine.js';

type Account = Client & { username: string; email: string; apiKey: string };
const currentPassword = 'correct horse battery';

let vitrine: Vitrine;
let ada: Account;
let bob: Account;
let originals: Buffer[];
let medias: Json[];
let bobs: Json;
/** Ada's comment with a reply by bob. */
let answered: string;
let chatId: string;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, bob] = [await vitrine.signUp(), await vitrine.signUp()];
  originals = [await picture(640, 480).jpeg().toBuffer(), await video('320x240', 2), await song(2)];
  medias = [
    await ada.publish('photo', originals[0]!, { title: 'A photo', tags: ['sea', 'sun'] }),
    await ada.publish('video', originals[1]!, { title: 'A video' }),
    await ada.publish('music', originals[2]!, { visibility: 'private' }),
  ];
  bobs = await bob.publish('photo', await picture(200, 100).png().toBuffer(), { tags: ['sea'] });
  await ada.post(`/api/follows/${bob.username}`).expect(201);
  await bob.post(`/api/follows/${ada.username}`).expect(201);
  for (const what of ['likes', 'reposts', 'saves', 'views'])
    await ada.post(`/api/medias/${bobs.url}/${what}`).expect(201);
  const commented = await ada.post(`/api/comments/medias/${bobs.url}`, { text: 'Words of mine' }).expect(201);
  answered = commented.body.url;
  const reply = { text: `To you, @${ada.username}`, replyTo: answered };
  const { body: answer } = await bob.post(`/api/comments/medias/${bobs.url}`, reply).expect(201);
  await ada.put(`/api/comments/${answer.url}/reaction`, { emoji: '❤️' }).expect(201);
  await ada.post(`/api/comments/medias/${bobs.url}`, { text: 'Unanswered' }).expect(201);
  await write(ada, bob, { type: 'photo', file: medias[0]!.files[0].url }).expect(201);
  chatId = (await ada.get(chat(bob)).expect(200)).body.chat.id;
  const { id } = await say(bob, ada, 'Mine stays');
  await ada.put(`${chat(bob)}/messages/${id}/reaction`, { emoji: '❤️' }).expect(200);
  const browser = createECDH('prime256v1');
  const keys = { p256dh: browser.generateKeys('base64url'), auth: randomBytes(16).toString('base64url') };
  await ada.post('/api/push/subscriptions', { endpoint: 'https://fcm.googleapis.com/x', keys }).expect(204);
  const { body: playlist } = await ada.post('/api/playlists', { title: 'Evenings', type: 'any' }).expect(201);
  await ada.post(`/api/medias/${bobs.url}/playlists/${playlist.url}`).expect(201);
  await ada.put('/api/notifications/preferences', { like: { email: true } }).expect(200);
  await ada.post('/api/medias', { type: 'photo', files: ['nothing'] }, { 'idempotency-key': 'k' });
}, 120_000);
afterAll(() => vitrine.stop());

/** Rows of an account in each table, by the database's foreign keys. */
async function rowsOf(userId: string): Promise<Record<string, number>> {
  const owned = `select id from files where owner_id = $1`;
  const tables: Record<string, string> = {
    users: 'id = $1',
    sessions: 'user_id = $1',
    api_keys: 'user_id = $1',
    follows: 'follower_id = $1 or followee_id = $1',
    uploads: 'owner_id = $1',
    files: 'owner_id = $1',
    renditions: `file_id in (${owned})`,
    medias: 'owner_id = $1',
    media_files: `file_id in (${owned})`,
    media_tags: 'media_id in (select id from medias where owner_id = $1)',
    media_view_days: 'media_id in (select id from medias where owner_id = $1)',
    playlists: 'owner_id = $1',
    playlist_items: 'playlist_id in (select id from playlists where owner_id = $1)',
    comments: 'author_id = $1',
    reactions: 'user_id = $1',
    comment_reactions: 'user_id = $1',
    reposts: 'user_id = $1',
    saves: 'user_id = $1',
    views: 'user_id = $1',
    notification_preferences: 'user_id = $1',
    feed_sources: '$1 in (reader_id, actor_id)',
    feed_readers: 'reader_id = $1',
    push_subscriptions: 'user_id = $1',
    messages: 'sender_id = $1',
    message_reactions: 'user_id = $1',
    chat_members: 'user_id = $1',
  };
  const counts: Record<string, number> = {};
  for (const [table, where] of Object.entries(tables)) {
    const { rows } = await vitrine.db.query(`select count(*)::int as n from ${table} where ${where}`, [userId]);
    counts[table] = rows[0].n;
  }
  return counts;
}

async function linkFor(account: Account): Promise<string> {
  const mail = await until(
    async () => (await mailsTo(account.email)).find(({ text }) => text.includes('/export/archive?t=')),
    'the mail with the link',
  );
  return new URL(/https?:\S+/.exec(mail.text)![0]).pathname + new URL(/https?:\S+/.exec(mail.text)![0]).search;
}

describe('the export', () => {
  it('contains every row of a table that takes several statements', async () => {
    const writer = await vitrine.signUp();
    await vitrine.db.query(
      `insert into comments (url, media_id, author_id, text)
       select 'long' || lpad(i::text, 12, '0'), (select id from medias limit 1), u.id, 'Comment ' || i
       from generate_series(1, 4500) i, users u where username = $1`,
      [writer.username],
    );
    await writer.get('/api/users/me/export').expect(202);
    const answer = await fetch(vitrine.origin + (await linkFor(writer)));
    const archive = unzipSync(new Uint8Array(await answer.arrayBuffer()));
    const comments = JSON.parse(new TextDecoder().decode(archive['data/comments.json'])) as Json[];
    expect(comments.map(({ text }) => text)).toEqual(Array.from({ length: 4_500 }, (_, i) => `Comment ${i + 1}`));
  });

  it('leaves no file open when its reader disconnects', async () => {
    const reader = await vitrine.signUp();
    const [width, height] = [2_800, 2_800];
    const noise = sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } });
    await reader.upload('photo', await noise.png().toBuffer()).expect(202);
    await reader.get('/api/users/me/export').expect(202);
    const link = await linkFor(reader);
    const left = new AbortController();
    const { body } = await fetch(vitrine.origin + link, { signal: left.signal });
    const stream = body!.getReader();
    for (let bytes = 0; bytes < 1024 * 1024;) bytes += (await stream.read()).value!.length;
    const open = async () => {
      const folder = `/proc/${vitrine.processes.get('api')!.pid}/fd`;
      const files = await Promise.all(
        (await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => 'closed meanwhile')),
      );
      return files.filter((file) => file.includes('/storage/objects/'));
    };
    expect(await open()).toHaveLength(1);
    left.abort();
    await until(async () => (await open()).length === 0, 'the file to be closed', 10_000);
  });

  it('is an archive of everything, behind a link that only the mail contains', async () => {
    const { body } = await ada.get('/api/users/me/export').expect(202);
    expect(Date.parse(body.expiresAt)).toBeGreaterThan(Date.now() + 3_600_000);
    const link = await linkFor(ada);
    const got = await vitrine.client().get(link).expect(200);
    expect(got.headers.get('content-type')).toBe('application/zip');
    expect(got.headers.get('cache-control')).toBe('private, no-store');
    const archive = new Map(Object.entries(unzipSync(new Uint8Array(got.bytes))));
    const json = (name: string): Json => JSON.parse(Buffer.from(archive.get(name)!).toString());

    const { rows } = await vitrine.db.query('select id from users where username = $1', [ada.username]);
    const stored = await rowsOf(rows[0].id);
    const manifest = json('manifest.json');
    expect(manifest.tables).toEqual(stored);
    for (const [table, count] of Object.entries(manifest.tables))
      expect(json(`data/${table}.json`), table).toHaveLength(count as number);
    const files = [...archive].filter(([name]) => name.startsWith('files/'));
    expect(files).toHaveLength(3);
    for (const original of originals) expect(files.some(([, bytes]) => original.equals(bytes))).toBe(true);
    const [user] = json('data/users.json');
    expect(user).toMatchObject({ username: ada.username, email: ada.email });
    const texts = [...archive]
      .filter(([name]) => name.endsWith('.json'))
      .map(([, bytes]) => Buffer.from(bytes).toString());
    expect(texts.join()).not.toMatch(/argon2|_hash/);
  });

  it('is open to nobody else, and expires', async () => {
    await vitrine.client().get('/api/users/me/export/archive?t=guess').expect(404, 'export_expired');
    await vitrine.client().get('/api/users/me/export').expect(401);
    const link = await linkFor(ada);
    await vitrine.db.query('update exports set expires_at = now()');
    await vitrine.client().get(link).expect(404, 'export_expired');
  });
});

describe('the deletion', () => {
  let adaId: string;
  beforeAll(async () => {
    const { rows } = await vitrine.db.query('select id from users where username = $1', [ada.username]);
    adaId = rows[0].id;
  });

  it('needs the password, and one’s own account', async () => {
    const remove = (who: Client, username: string, password: string) =>
      who.send('DELETE', `/api/users/${username}`, { currentPassword: password });
    await remove(ada, 'me', 'wrong').expect(401, 'wrong_password');
    await remove(bob, ada.username, currentPassword).expect(403, 'not_yours');
    await remove(bob, 'nobody-here', currentPassword).expect(404, 'user_not_found');
    await remove(vitrine.client(), ada.username, currentPassword).expect(401, 'not_signed_in');
    await ada.get('/api/users/me').expect(200);
  });

  it('hides the account from everybody at once', async () => {
    const anybody = vitrine.client();
    const { href } = medias[0]!.files[0].renditions[0];
    const { hls } = medias[2]!.files[0];
    await anybody.get(hls).expect(200);
    // During an upload, and with another file being processed.
    await vitrine.client().get(href).expect(200);
    await ada.upload('video', await video('640x360', 6)).expect(202);
    const open = await ada.send('POST', '/api/uploads', undefined, {
      'tus-resumable': '1.0.0',
      'upload-length': '100000',
      'upload-metadata': `kind ${Buffer.from('photo').toString('base64')}`,
    });
    expect(open.status).toBe(201);

    await ada.send('DELETE', '/api/users/me', { currentPassword }).expect(204);
    await ada.get('/api/users/me').expect(401, 'bad_credentials');
    await anybody.get(`/api/users/${ada.username}`).expect(404, 'user_not_found');
    for (const { url } of medias) await anybody.get(`/api/medias/${url}`).expect(404);
    await anybody.get(href).expect(404, 'file_not_found');
    expect((await anybody.get(hls)).status).toBeGreaterThanOrEqual(403);
    await anybody
      .post('/api/users/sign-in', { usernameOrEmail: ada.email, password: currentPassword })
      .expect(401, 'invalid_credentials');
  });

  it('leaves no row and no byte, however often the workers are killed meanwhile', async () => {
    for (let i = 0; i < 3; i++) {
      await vitrine.end('social,mail,maintenance', 'SIGKILL');
      vitrine.startWorker('social,mail,maintenance');
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    await until(
      async () => Object.values(await rowsOf(adaId)).every((count) => count === 0),
      'every row to be gone',
      170_000,
      500,
    );
    await until(
      async () => {
        const { rows } = await vitrine.db.query('select id from files');
        const stored = await vitrine.stored('storage');
        return stored.every((path) => rows.some(({ id }) => path.includes(id)));
      },
      'every byte to be gone',
      60_000,
      500,
    );
    // An encoder that was at it notices that its file is gone.
    await until(async () => (await readdir(`${vitrine.dataDir}/work`)).length === 0, 'the work to end', 60_000, 500);
    // A comment with replies stays without its text; all other counts are reverted.
    const { body: tombstone } = await bob.get(`/api/comments/${answered}`).expect(200);
    expect(tombstone).toMatchObject({ author: null, text: '', counts: { replies: 1 } });
    const { body: media } = await bob.get(`/api/medias/${bobs.url}`).expect(200);
    expect(media.counts).toMatchObject({ likes: 0, reactions: 0, comments: 1, reposts: 0, saves: 0, views: 1 });
    const { body: profile } = await bob.get('/api/users/me').expect(200);
    expect(profile.counts).toMatchObject({ followers: 0, followings: 0, likesReceived: 0 });
    const { rows } = await vitrine.db.query(
      `select name, payload from outbox_events where dispatched_at is null and payload::text like $1`,
      [`%${adaId}%`],
    );
    expect(rows).toEqual([]);
  }, 240_000);

  it('is confirmed by mail, and frees the name and the address', async () => {
    const mails = await mailsTo(ada.email);
    expect(mails.filter(({ subject }) => /deleted/i.test(subject)).length).toBeGreaterThan(0);
    await vitrine
      .client()
      .post('/api/users', { username: ada.username, email: ada.email, password: 'another battery staple' })
      .expect(201);
  });

  it('leaves other people’s things unchanged', async () => {
    const { body } = await vitrine.client().get(`/api/medias?username=${bob.username}`).expect(200);
    expect(body.items).toHaveLength(1);
    expect(body.items[0].tags).toEqual(['sea']);
    const { body: messages } = await bob.get(`/api/chats/${chatId}/messages`).expect(200);
    expect(messages.items).toMatchObject([
      { text: 'Mine stays', reactions: [] },
      { text: '', sender: null, file: null },
    ]);
    const { body: profile } = await bob.get('/api/users/me').expect(200);
    expect(profile.counts).toMatchObject({ followers: 0, followings: 0, photos: 1 });
  });
});
