import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture, song, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type User = Client & { username: string };

const currentPassword = 'correct horse battery';
let vitrine: Vitrine;
let ada: User;
let bob: User;
let eve: User;
let document: Json;
/** Ada's values for the parameters of addresses. */
const own: Record<string, string> = {};
beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, bob, eve] = await Promise.all([vitrine.signUp(), vitrine.signUp(), vitrine.signUp()]);
  document = (await ada.get('/docs-json').expect(200)).body;
  const upload = async (kind: 'photo' | 'video' | 'music', bytes: Buffer): Promise<string> => {
    const { url } = (await ada.upload(kind, bytes)).body;
    expect(await ada.settled(url)).toMatchObject({ status: 'ready' });
    return url;
  };
  const publish = async (type: string, file: string): Promise<string> =>
    (await ada.post('/api/medias', { type, files: [file] }).expect(201)).body.url;
  const photo = async () => upload('photo', await picture(90, 60).jpeg().toBuffer());
  own.file = await photo();
  own.media = await publish('photo', await photo());
  own.second = await publish('photo', await photo());
  own.video = await publish('video', await upload('video', await video('256x144', 1)));
  own.music = await publish('music', await upload('music', await song(2)));
  own.playlist = (await ada.post('/api/playlists', { title: 'Both', type: 'any' }).expect(201)).body.url;
  for (const media of [own.media, own.second])
    await ada.post(`/api/medias/${media}/playlists/${own.playlist}`).expect(201);
  own.comment = (await ada.post(`/api/comments/medias/${own.media}`, { text: 'Mine' }).expect(201)).body.url;
  own.key = (await ada.post('/api/users/me/api-keys', { name: 'spare', currentPassword }).expect(201)).body.id;
  await vitrine
    .client()
    .post('/api/users/sign-in', { usernameOrEmail: ada.username, password: 'correct horse battery' })
    .expect(200);
  own.session = (await ada.get('/api/users/me/sessions').expect(200)).body.items[0].id;
  await bob.post(`/api/medias/${own.media}/likes`).expect(201);
  own.notification = await until(
    async () => (await ada.get('/api/notifications').expect(200)).body.items[0]?.id,
    'a notification',
  );
  const said = { type: 'text', text: 'Mine', clientId: crypto.randomUUID() };
  own.message = (await ada.post(`/api/chats/${eve.username}/messages`, said).expect(201)).body.id;
  await ada.put('/api/users/me', { isPrivate: true }).expect(200);
  await bob.post(`/api/follows/${ada.username}`).expect(202);
}, 180_000);
afterAll(() => vitrine?.stop());

const pathsOf = (method: string) => Object.keys(document.paths).filter((path) => document.paths[path][method]);
const at = (path: string, values: string[]) => path.replace(/\{\w+\}/g, () => encodeURIComponent(values.shift()!));
const unknown = 'k3JfW0aXq9TzB7Lm';
const unknownId = '0198a6c0-0000-7000-8000-000000000000';

/** Why a second DELETE is not 204. */
const exceptions: Record<string, string> = {
  '/api/users/{username}': 'the account is gone, and its credentials with it: 401',
  '/api/uploads/{id}': 'the tus protocol has 404 or 410 for an upload that was given up',
  '/api/push/subscriptions': 'the browser is named in the body: 204, whether it was there or not (stories/push)',
  '/avatars/{hash}': 'it has no account to remember whose deletion it was: 404, as HEAD says',
};

/** What ada deletes at each address, the innermost first, and the answer for an address that never existed. */
const deletes: Record<string, { values: () => string[]; missing?: [values: string[], status: number] }> = {
  '/api/users/me/sessions/{id}': { values: () => [own.session!], missing: [[unknownId], 404] },
  '/api/users/me/sessions': { values: () => [] },
  '/api/users/me/api-keys/{id}': { values: () => [own.key!], missing: [[unknownId], 404] },
  '/api/follows/requests/{username}': { values: () => [bob.username] },
  '/api/follows/followers/{username}': { values: () => [bob.username], missing: [['nobody'], 404] },
  '/api/follows/{username}': { values: () => [bob.username], missing: [['nobody'], 404] },
  '/api/blocks/{username}': { values: () => [bob.username], missing: [['nobody'], 404] },
  '/api/mutes/{username}': { values: () => [bob.username], missing: [['nobody'], 404] },
  '/api/users/{username}/profile-photo': { values: () => ['me'], missing: [['nobody'], 404] },
  '/api/users/{username}/channel-photo': { values: () => ['me'], missing: [['nobody'], 404] },
  '/api/chats/{username}/messages/{id}/reaction': {
    values: () => [eve.username, own.message!],
    missing: [['nobody', unknownId], 404],
  },
  '/api/chats/{username}/messages/{id}': {
    values: () => [eve.username, own.message!],
    missing: [['nobody', unknownId], 404],
  },
  '/api/chats/{username}': { values: () => [eve.username], missing: [['nobody'], 404] },
  '/api/notifications/{id}': { values: () => [own.notification!], missing: [[unknownId], 204] },
  '/api/users/me/history/{url}': { values: () => [own.media!], missing: [[unknown], 204] },
  '/api/users/me/history': { values: () => [] },
  '/api/medias/{url}/likes': { values: () => [own.media!], missing: [[unknown], 404] },
  '/api/medias/{url}/reaction': { values: () => [own.media!], missing: [[unknown], 404] },
  '/api/comments/{url}/likes': { values: () => [own.comment!], missing: [[unknown], 404] },
  '/api/comments/{url}/reaction': { values: () => [own.comment!], missing: [[unknown], 404] },
  '/api/medias/{url}/reposts': { values: () => [own.media!], missing: [[unknown], 404] },
  '/api/medias/{url}/saves': { values: () => [own.media!], missing: [[unknown], 404] },
  '/api/medias/{url}/tag/{name}': { values: () => [own.media!, 'sunset'], missing: [[unknown, 'sunset'], 404] },
  '/api/medias/{url}/cover': { values: () => [own.music!], missing: [[unknown], 404] },
  '/api/medias/{url}/thumbnail': { values: () => [own.video!], missing: [[unknown], 404] },
  '/api/medias/{url}/subtitles/{lang}': { values: () => [own.video!, 'en'], missing: [[unknown, 'en'], 404] },
  '/api/medias/{url}/playlists/{playlistUrl}': {
    values: () => [own.media!, own.playlist!],
    missing: [[unknown, unknown], 404],
  },
  '/api/comments/{url}': { values: () => [own.comment!], missing: [[unknown], 404] },
  '/api/playlists/{url}': { values: () => [own.playlist!], missing: [[unknown], 404] },
  '/api/medias/{url}': { values: () => [own.media!], missing: [[unknown], 404] },
  '/api/files/{url}': { values: () => [own.file!], missing: [[unknown], 404] },
};

/** A body that changes something, where `{}` does not. */
const puts: Record<string, { values: () => string[]; body?: () => object }> = {
  '/api/users/{username}': { values: () => ['me'] },
  '/api/users/{username}/newApiKey': {
    values: () => ['me'],
    body: () => ({ currentPassword: 'correct horse battery' }),
  },
  '/api/follows/requests/{username}': { values: () => [bob.username] },
  '/api/users/{username}/profile-photo': { values: () => ['me'], body: () => ({ photo: own.file }) },
  '/api/users/{username}/channel-photo': { values: () => ['me'], body: () => ({ photo: own.file }) },
  '/api/medias/{url}': { values: () => [own.media!] },
  '/api/playlists/{url}': { values: () => [own.playlist!] },
  '/api/playlists/{url}/order': {
    values: () => [own.playlist!],
    body: () => ({ media: own.second, before: own.media }),
  },
  '/api/medias/{url}/playlists/{playlistUrl}': { values: () => [own.media!, own.playlist!] },
  '/api/comments/{url}': { values: () => [own.comment!], body: () => ({ text: 'Mine' }) },
  '/api/medias/{url}/cover': { values: () => [own.music!], body: () => ({ photo: own.file }) },
  '/api/medias/{url}/thumbnail': { values: () => [own.video!], body: () => ({ photo: own.file }) },
  '/api/medias/{url}/reaction': { values: () => [own.media!], body: () => ({ emoji: '🎉' }) },
  '/api/comments/{url}/reaction': { values: () => [own.comment!], body: () => ({ emoji: '🎉' }) },
  '/api/notifications/preferences': { values: () => [] },
  '/api/chats/{username}': { values: () => [eve.username], body: () => ({ archived: true }) },
  '/api/chats/{username}/accept': { values: () => [eve.username] },
  '/api/chats/{username}/messages/{id}': { values: () => [eve.username, own.message!], body: () => ({ text: 'Mine' }) },
  '/api/chats/{username}/messages/{id}/reaction': {
    values: () => [eve.username, own.message!],
    body: () => ({ emoji: '🎉' }),
  },
};
const cue = Buffer.from('1\n00:00:00,000 --> 00:00:00,900\nHello\n');

describe('a PUT that changes nothing', () => {
  it('is 200 if it answers with the present state', async () => {
    const answering = pathsOf('put').filter((path) => document.paths[path].put.responses[200]);
    expect(answering.filter((path) => path !== '/api/medias/{url}/subtitles/{lang}').toSorted()).toEqual(
      Object.keys(puts).toSorted(),
    );
    const subtitles = () =>
      ada.send('PUT', `/api/medias/${own.video}/subtitles/en`, cue, { 'content-type': 'text/plain' });
    await subtitles().expect(201);
    await subtitles().expect(200);
    for (const [path, { values, body }] of Object.entries(puts)) {
      const client = path.endsWith('newApiKey') ? eve : ada;
      const put = () => client.put(at(path, values()), body?.() ?? {});
      if (body) await put();
      // With the new key the old one stops working.
      const { status } = path.endsWith('newApiKey') ? { status: 200 } : await put();
      expect({ path, status }).toEqual({ path, status: 200 });
    }
  });

  it('and does not count as a change', async () => {
    const before = (await ada.get(`/api/medias/${own.media}`).expect(200)).body.updatedAt;
    expect((await ada.put(`/api/medias/${own.media}`, {}).expect(200)).body.updatedAt).toBe(before);
  });
});

describe('a DELETE', () => {
  it('every DELETE is listed here', () => {
    expect([...Object.keys(deletes), ...Object.keys(exceptions)].toSorted()).toEqual(pathsOf('delete').toSorted());
  });

  it('is 404 for a thing that never existed', async () => {
    for (const [path, { missing }] of Object.entries(deletes)) {
      if (!missing) continue;
      const [values, expected] = missing;
      for (const _ of ['once', 'again']) {
        const { status } = await ada.delete(at(path, [...values]));
        expect({ path, status }).toEqual({ path, status: expected });
      }
    }
  });

  it('is 204 both times', async () => {
    for (const [path, { values }] of Object.entries(deletes)) {
      for (const time of ['first', 'second']) {
        const { status } = await ada.delete(at(path, values()));
        expect({ path, time, status }).toEqual({ path, time, status: 204 });
      }
    }
  });

  it('is 204 for both of two parallel ones, and does not affect other users', async () => {
    const photo = await ada.publish('photo', await picture(80, 60).jpeg().toBuffer());
    const answers = await Promise.all([1, 2, 3].map(() => ada.delete(`/api/medias/${photo.url}`)));
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    await bob.delete(`/api/medias/${photo.url}`).expect(404, 'media_not_found');
  });
});

describe('a POST that creates something', () => {
  it('takes an Idempotency-Key', () => {
    const making = pathsOf('post').filter((path) => {
      const { responses } = document.paths[path].post;
      return responses[201] && !responses[200];
    });
    expect(making.length).toBeGreaterThan(5);
    for (const path of making) {
      const names = document.paths[path].post.parameters.map(({ name }: Json) => name);
      expect(names, path).toContain('Idempotency-Key');
    }
  });

  it('is done once, and gets the same answer', async () => {
    const key = { 'idempotency-key': 'once' };
    const signUp = { username: 'carol-once', email: 'carol-once@example.org', password: 'correct horse battery' };
    const tus = { 'tus-resumable': '1.0.0', 'upload-length': '10', 'upload-metadata': `kind ${btoa('photo')}` };
    const makers: [string, (more?: object) => ReturnType<Client['send']>][] = [
      ['an account', (more) => vitrine.client().post('/api/users', { ...signUp, ...more }, key)],
      [
        'an API key',
        (more) =>
          ada.post('/api/users/me/api-keys', { name: 'x', currentPassword, ...more }, { 'idempotency-key': 'k' }),
      ],
      ['a playlist', (more) => ada.post('/api/playlists', { title: 'x', ...more }, { 'idempotency-key': 'p' })],
      [
        'an upload',
        (more) =>
          ada.send('POST', '/api/uploads', undefined, {
            ...tus,
            'idempotency-key': 'u',
            ...(more && { 'upload-length': '11' }),
          }),
      ],
    ];
    for (const [what, make] of makers) {
      const [first, again] = await Promise.all([make().expect(201), make().expect(201)]);
      expect([what, again.body, again.headers.get('location')]).toEqual([
        what,
        first.body,
        first.headers.get('location'),
      ]);
      const replayed = [first, again].map(({ headers }) => headers.get('idempotent-replayed'));
      expect([what, replayed.toSorted()]).toEqual([what, [null, 'true'].toSorted()]);
    }
    const [{ count }] = (await vitrine.db.query(`select count(*)::int from users where username = 'carol-once'`)).rows;
    expect(count).toBe(1);
    const { rows } = await vitrine.db.query<{ kept: string }>(
      'select body::text as kept from idempotency_keys where body is not null',
    );
    expect(rows.length).toBeGreaterThan(3);
    for (const { kept } of rows) expect(kept).not.toMatch(/vt_|apiKey|carol/);
    for (const [what, make] of makers.slice(1))
      await make(what === 'an API key' ? { name: 'other' } : { title: 'other' }).expect(422, 'idempotency_mismatch');
  });
});
