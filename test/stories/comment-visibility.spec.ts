import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type User = Client & { username: string };
let vitrine: Vitrine;
let ada: User;
let bob: User;
let eve: User;
let anybody: Client;
let hue = 0;
/** A different one each time: the same bytes would be the same file. */
const photo = () =>
  picture(60, 40)
    .modulate({ hue: (hue += 7) % 360 })
    .composite([{ input: Buffer.from(`<svg width="60" height="40"><text y="20">${hue}</text></svg>`) }])
    .png()
    .toBuffer();
const publish = async (more: object = {}): Promise<Json> => ada.publish('photo', await photo(), more);
const upload = async (client: Client): Promise<string> =>
  (await client.upload('photo', await photo()).expect(202)).body.url;
const comment = async (client: Client, media: Json, body: object | string): Promise<Json> =>
  (await client.post(`/api/comments/medias/${media.url}`, typeof body === 'string' ? { text: body } : body).expect(201))
    .body;

beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, bob, eve] = (await Promise.all([vitrine.signUp(), vitrine.signUp(), vitrine.signUp()])) as [User, User, User];
  anybody = vitrine.client();
});
afterAll(() => vitrine.stop());

describe('a comment is hidden', () => {
  const relate = (table: string, one: string, other: string, from: User, to: User) =>
    vitrine.db.query(
      `insert into ${table} (${one}, ${other}) select a.id, b.id from users a, users b where a.username = $1 and b.username = $2`,
      [from.username, to.username],
    );

  it('with its media', async () => {
    const media = await publish();
    const written = await comment(bob, media, 'here');
    await ada.put(`/api/medias/${media.url}`, { visibility: 'private' }).expect(200);
    for (const client of [bob, anybody]) {
      await client.get(`/api/comments/${written.url}`).expect(404, 'comment_not_found');
      await client.get(`/api/comments/${written.url}/replies`).expect(404, 'comment_not_found');
      await client.get(`/api/comments/medias/${media.url}`).expect(404, 'media_not_found');
    }
    await bob.put(`/api/comments/${written.url}`, { text: 'else' }).expect(404, 'comment_not_found');
    await bob.post(`/api/comments/medias/${media.url}`, { text: 'more' }).expect(404, 'media_not_found');
    expect((await ada.get(`/api/comments/medias/${media.url}`)).body.items).toHaveLength(1);
  });

  it('from users in a block with its author; mutes hide it in lists only', async () => {
    const media = await publish();
    const [blocked, blocker, muted, reader] = await Promise.all(Array.from({ length: 4 }, () => vitrine.signUp()));
    await relate('blocks', 'blocker_id', 'blocked_id', reader!, blocked!);
    await relate('blocks', 'blocker_id', 'blocked_id', blocker!, reader!);
    await relate('mutes', 'muter_id', 'muted_id', reader!, muted!);
    const written = [];
    for (const user of [blocked!, blocker!, muted!]) written.push(await comment(user, media, user.username));
    const mine = await comment(reader!, media, 'mine');
    expect((await reader!.get(`/api/comments/medias/${media.url}`)).body.items).toEqual([mine]);
    expect((await anybody.get(`/api/comments/medias/${media.url}`)).body.items).toHaveLength(4);
    await reader!.get(`/api/comments/${written[0].url}`).expect(404, 'comment_not_found');
    await reader!.get(`/api/comments/${written[1].url}/replies`).expect(404, 'comment_not_found');
    await reader!.get(`/api/comments/${written[2].url}`).expect(200);
    await blocked!.get(`/api/comments/${mine.url}`).expect(404, 'comment_not_found');
    await reader!
      .post(`/api/comments/medias/${media.url}`, { text: 'you', replyTo: written[0].url })
      .expect(404, 'comment_not_found');
    // A media's owner can delete any comment on it, even of a blocked user.
    await relate('blocks', 'blocker_id', 'blocked_id', ada, blocked!);
    await ada.get(`/api/comments/${written[0].url}`).expect(404, 'comment_not_found');
    await ada.delete(`/api/comments/${written[0].url}`).expect(204);
    await vitrine.db.query('update users set disabled_at = now() where username = $1', [blocker!.username]);
    await anybody.get(`/api/comments/${written[1].url}`).expect(404, 'comment_not_found');
  });
});

describe('an attached photo', () => {
  it('is shown by the comment, processed or not, and belongs to it', async () => {
    const media = await publish();
    const url = await upload(bob);
    const written = await comment(bob, media, { attachment: url });
    expect(written).toMatchObject({ text: '', attachment: { url, kind: 'photo' } });
    await bob.settled(url);
    const { body: shown } = await anybody.get(`/api/comments/${written.url}`).expect(200);
    expect(shown.attachment).toMatchObject({ status: 'ready', width: 60, height: 40, placeholder: expect.any(String) });
    const { href } = shown.attachment.renditions[0];
    const { headers } = await anybody.get(href).expect(200);
    expect(headers.get('cache-control')).toContain('public');
    expect((await bob.get(`/api/files/${url}`)).body.usedBy).toBe(written.url);
    await bob.delete(`/api/files/${url}`).expect(409, 'file_in_use');
    await bob.post('/api/medias', { type: 'photo', files: [url] }).expect(409, 'file_in_use');
    await bob.post(`/api/comments/medias/${media.url}`, { attachment: url }).expect(409, 'file_in_use');
    await bob.put(`/api/comments/${written.url}`, { text: '' }).expect(200);

    // A profile may show it, too, and stop again.
    await bob.put('/api/users/me/profile-photo', { photo: url }).expect(200);
    await bob.delete('/api/users/me/profile-photo').expect(204);
    await bob.delete(`/api/files/${url}`).expect(409, 'file_in_use');
    await bob.delete(`/api/comments/${written.url}`).expect(204);
    await anybody.get(href).expect(404);
    await bob.delete(`/api/files/${url}`).expect(204);
  });

  it('must be an unused photo of the author', async () => {
    const media = await publish();
    const path = `/api/comments/medias/${media.url}`;
    await bob.post(path, { attachment: await upload(eve) }).expect(404, 'file_not_found');
    await bob.post(path, { attachment: 'k3JfW0aXq9TzB7Lm' }).expect(404, 'file_not_found');
    await ada.post(path, { attachment: media.files[0].url }).expect(409, 'file_in_use');
    const { rows } = await vitrine.db.query(
      `insert into files (url, owner_id, kind, status, failure_code, bytes, sha256, filename, source_key, mime_type)
       select left(md5(random()::text), 16), id, k.kind, k.status, case when k.status = 'failed' then 'corrupt' end, 1, md5(random()::text), 'x', 'x', 'x/x'
       from users, (values ('photo', 'failed'), ('music', 'ready')) k (kind, status) where username = $1 returning url, kind`,
      [bob.username],
    );
    const refused = { photo: [409, 'file_failed'], music: [422, 'file_kind_mismatch'] } as const;
    for (const { url, kind } of rows as { url: string; kind: keyof typeof refused }[]) {
      const [status, code] = refused[kind];
      await bob.post(path, { attachment: url }).expect(status, code);
    }
    expect((await anybody.get(`/api/comments/medias/${media.url}`)).body.items).toEqual([]);
  });

  it('is taken once, however many requests compete', async () => {
    const media = await publish();
    const url = await upload(bob);
    const answers = await Promise.all([
      ...Array.from({ length: 5 }, () => bob.post(`/api/comments/medias/${media.url}`, { attachment: url })),
      ...Array.from({ length: 5 }, () => bob.post('/api/medias', { type: 'photo', files: [url] })),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
  });

  it('is visible to those who see the comment', async () => {
    const media = await publish({ visibility: 'followers' });
    await vitrine.db.query(
      `insert into follows (follower_id, followee_id, accepted_at) select f.id, o.id, now() from users f, users o
       where f.username = $1 and o.username = $2`,
      [bob.username, ada.username],
    );
    const url = await upload(bob);
    await bob.settled(url);
    const written = await comment(bob, media, { attachment: url });
    const { body } = await ada.get(`/api/comments/${written.url}`).expect(200);
    const { href } = body.attachment.renditions[0];
    const { headers } = await anybody.get(href).expect(200);
    expect(headers.get('cache-control')).toContain('private');
    await anybody.get(`/api/photos/${url}`).expect(404);
    await eve.get(`/api/photos/${url}`).expect(404);
    await ada.get(`/api/photos/${url}`).expect(200);
    await ada.put(`/api/medias/${media.url}`, { visibility: 'public' }).expect(200);
    await eve.get(`/api/photos/${url}`).expect(200);
    await vitrine.db.query(
      `insert into blocks (blocker_id, blocked_id) select b.id, e.id from users b, users e where b.username = $1 and e.username = $2`,
      [bob.username, eve.username],
    );
    await eve.get(`/api/photos/${url}`).expect(404);
    await bob.delete(`/api/comments/${written.url}`).expect(204);
    await anybody.get(href).expect(404);
    await until(async () => (await bob.get(`/api/photos/${url}`)).status === 200, 'the photo to be its owner’s still');
  });
});
