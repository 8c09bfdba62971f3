import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { phoneExif } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type User = Client & { username: string };
let vitrine: Vitrine;
let ada: User;
let anybody: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start({ env: { UNUSED_FILE_MS: '3600000' } });
  ada = await vitrine.signUp();
  anybody = vitrine.client();
});
afterAll(() => vitrine.stop());

/** A grey wall with something bright at its right end, which a crop from the middle would miss. */
function wall(width: number, height: number, colour: string) {
  const side = Math.round(Math.min(width, height) * 0.6);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="100%" height="100%" fill="#777777"/>
    <circle cx="${width - side / 2 - 8}" cy="${height / 2}" r="${side / 2}" fill="${colour}"/></svg>`;
  return sharp(Buffer.from(svg)).withExif(phoneExif).jpeg().toBuffer();
}
async function photo(client: Client, bytes: Buffer): Promise<string> {
  const { body } = await client.upload('photo', bytes).expect(202);
  expect(await client.settled(body.url)).toMatchObject({ status: 'ready' });
  return body.url;
}
const profile = async (username: string) => (await anybody.get(`/api/users/${username}`).expect(200)).body;
/** The address of the photo once there is one, another than before. */
const shown = (username: string, field: 'avatarUrl' | 'channelPhotoUrl', before: string | null) =>
  until(async () => {
    const now = (await profile(username))[field] as string | null;
    return now !== before && !isDrawn(now) && now;
  }, `${field} to change`);
const isDrawn = (address: string | null) => /^\/avatars\/[0-9a-f]{40}$/.test(address ?? '');
const squaresOf = async (fileUrl: string): Promise<string[]> => {
  const { rows } = await vitrine.db.query(
    `select r.name, r.mime_type from renditions r join files f on f.id = r.file_id where f.url = $1 and r.role = 'square'`,
    [fileUrl],
  );
  return rows.map(({ name, mime_type }) => `${name} ${mime_type}`).toSorted();
};

it('a profile photo is a square of the salient part, visible to everybody, everywhere', async () => {
  const own = await photo(ada, await wall(3000, 1100, '#e02020'));
  const { body: user } = await ada.put('/api/users/me/profile-photo', { photo: own }).expect(200);
  expect(user).toMatchObject({ username: ada.username, email: expect.any(String) });
  const avatar = await shown(ada.username, 'avatarUrl', null);
  expect(avatar).toMatch(new RegExp(`^/api/users/${ada.username}/profile-photo\\?v=\\w{8}$`));
  expect(await squaresOf(own)).toEqual(
    ['1024', '128', '256', '512'].flatMap((side) => [`${side} image/jpeg`, `${side} image/webp`]),
  );
  for (const side of [128, 256, 512, 1024]) {
    for (const [accept, format] of [
      ['image/jpeg', 'jpeg'],
      ['*/*', 'webp'],
    ] as const) {
      const got = await anybody.get(`${avatar}&size=${side}`, { accept }).expect(200);
      expect(await sharp(got.bytes).metadata()).toMatchObject({ width: side, height: side, format });
      expect(got.headers.get('cache-control')).toContain('immutable');
      expect(got.bytes.includes('Testphone')).toBe(false);
    }
  }
  const { bytes, headers } = await anybody.get(`/api/users/${ada.username.toUpperCase()}/profile-photo`).expect(200);
  expect([(await sharp(bytes).metadata()).width, headers.get('cache-control')]).toEqual([256, 'public, no-cache']);
  const { channels } = await sharp(bytes).stats();
  const [red, green] = [channels[0]!.max, channels[1]!.min];
  expect(red - green, 'the bright thing is in the picture').toBeGreaterThan(150);
  // The photo itself is in no media: only its owner can see it.
  await anybody.get(`/api/photos/${own}`).expect(404, 'file_not_found');
  await anybody.get(`/api/users/${ada.username}/profile-photo?size=original`).expect(422);

  const media = await ada.publish('photo', await wall(300, 200, '#20e020'));
  expect(media.owner.avatarUrl).toBe(avatar);
  const { body: list } = await anybody.get(`/api/medias?username=${ada.username}`).expect(200);
  expect(list.items.map(({ owner }: Json) => owner.avatarUrl)).toEqual([avatar]);
});

it('it stays until the next one is ready, and is not deleted meanwhile', async () => {
  const bob = await vitrine.signUp();
  const first = await photo(bob, await wall(900, 700, '#2020e0'));
  await bob.put(`/api/users/${bob.username}/profile-photo`, { photo: first }).expect(200);
  const before = await shown(bob.username, 'avatarUrl', null);
  await bob.delete(`/api/files/${first}`).expect(409, 'file_in_use');
  const unused = async (url: string) =>
    (await vitrine.db.query('select unused_since from files where url = $1', [url])).rows[0].unused_since;
  expect(await unused(first)).toBeNull();

  await vitrine.end('image,video,audio', 'SIGKILL');
  const second = await photo2(bob);
  await bob.put('/api/users/me/profile-photo', { photo: second }).expect(200);
  await bob.delete(`/api/files/${second}`).expect(409, 'file_in_use');
  expect((await profile(bob.username)).avatarUrl).toBe(before);
  await anybody.get(before).expect(200);
  await vitrine.db.query(`delete from bullmq.job where name = 'photo.squares'`);
  await vitrine.db.query(`update photo_wishes set created_at = now() - interval '10 minutes'`);
  vitrine.startWorker('image,video,audio');
  const after = await shown(bob.username, 'avatarUrl', before);
  await anybody.get(after).expect(200);
  expect(await unused(first)).not.toBeNull();
  expect(await squaresOf(first)).toEqual([]);
  await bob.delete(`/api/files/${first}`).expect(204);

  await bob.delete('/api/users/me/profile-photo').expect(204);
  await bob.delete('/api/users/me/profile-photo').expect(204);
  expect(isDrawn((await profile(bob.username)).avatarUrl)).toBe(true);
  await anybody.get(after).expect(404, 'rendition_not_found');
  expect(await squaresOf(second)).toEqual([]);
  await bob.delete(`/api/files/${second}`).expect(204);
}, 120_000);

it('an already chosen photo is not processed again, and squares come after other users’ first photos', async () => {
  const dora = await vitrine.signUp();
  const url = await photo(dora, await wall(400, 420, '#20a0e0'));
  const wishes = async () =>
    (await vitrine.db.query(`select 1 from outbox_events where name = 'photo.wished'`)).rowCount as number;
  const before = await wishes();
  const choose = () => dora.put('/api/users/me/profile-photo', { photo: url }).expect(200);
  await Promise.all([choose(), choose(), choose()]);
  await shown(dora.username, 'avatarUrl', null);
  await choose();
  expect((await wishes()) - before).toBe(1);
  const { rows } = await vitrine.db.query(`select distinct priority from bullmq.job where name = 'photo.squares'`);
  expect(rows.length).toBeGreaterThan(0);
  for (const { priority } of rows) expect(priority).toBeGreaterThan(1);
});

/** Processed while the worker runs for it alone. */
async function photo2(client: Client): Promise<string> {
  vitrine.startWorker('image,video,audio');
  const url = await photo(client, await wall(910, 710, '#e0e020'));
  await vitrine.end('image,video,audio', 'SIGKILL');
  return url;
}

it('a photo can be in a media, a profile and a channel at once, and is deleted after the last', async () => {
  const eve = await vitrine.signUp();
  const url = await photo(eve, await wall(1200, 640, '#e020e0'));
  await eve.put('/api/users/me/profile-photo', { photo: url }).expect(200);
  await eve.put('/api/users/me/channel-photo', { photo: url }).expect(200);
  const avatar = await shown(eve.username, 'avatarUrl', null);
  const banner = await shown(eve.username, 'channelPhotoUrl', null);
  const { body: media } = await eve
    .post('/api/medias', { type: 'photo', files: [url], visibility: 'private' })
    .expect(201);
  expect(media.files[0].renditions).toHaveLength(7);
  await eve.post('/api/medias', { type: 'photo', files: [url] }).expect(409, 'file_in_use');

  expect(await sharp((await anybody.get(banner).expect(200)).bytes).metadata()).toMatchObject({
    width: 1200,
    height: 640,
  });
  expect(await sharp((await anybody.get(`${banner}&size=thumb`)).bytes).metadata()).toMatchObject({ width: 320 });
  expect(await sharp((await anybody.get(`${banner}&size=512`)).bytes).metadata()).toMatchObject({
    width: 512,
    height: 512,
  });
  expect(await sharp((await anybody.get(`${banner}&size=1024`)).bytes).metadata(), 'never enlarged').toMatchObject({
    width: 512,
  });
  await anybody.get(`/api/users/${eve.username}/channel-photo?size=original`).expect(422);
  await anybody.get(`/api/photos/${url}`).expect(404, 'file_not_found');

  await eve.delete(`/api/medias/${media.url}`).expect(204);
  await anybody.get(avatar).expect(200);
  await eve.delete('/api/users/me/channel-photo').expect(204);
  await anybody.get(banner).expect(404);
  await anybody.get(avatar).expect(200);
  await eve.delete(`/api/files/${url}`).expect(409, 'file_in_use');
  await eve.delete('/api/users/me/profile-photo').expect(204);
  await eve.delete(`/api/files/${url}`).expect(204);
  await anybody.get(avatar).expect(404);
});

it('small photos have fewer squares, and squares survive reprocessing', async () => {
  const joe = await vitrine.signUp();
  const url = await photo(joe, await wall(90, 60, '#e02020'));
  await joe.put('/api/users/me/profile-photo', { photo: url }).expect(200);
  const avatar = await shown(joe.username, 'avatarUrl', null);
  expect(await squaresOf(url)).toEqual(['128 image/jpeg', '128 image/webp']);
  expect(await sharp((await anybody.get(`${avatar}&size=1024`)).bytes).metadata()).toMatchObject({
    width: 60,
    height: 60,
  });

  const clear = sharp({
    create: { width: 300, height: 300, channels: 4, background: { r: 0, g: 200, b: 0, alpha: 0 } },
  });
  const logo = await photo(joe, await clear.png().toBuffer());
  await joe.put('/api/users/me/profile-photo', { photo: logo }).expect(200);
  const changed = await shown(joe.username, 'avatarUrl', avatar);
  expect((await sharp((await anybody.get(changed)).bytes).metadata()).hasAlpha).toBe(true);

  await vitrine.db.query(
    `update files set redo = true, runs = runs + 1, heartbeat_at = null, updated_at = now() - interval '10 minutes' where url = $1`,
    [logo],
  );
  const redo = () => vitrine.db.query('select redo from files where url = $1', [logo]);
  await until(async () => !(await redo()).rows[0].redo, 'the photo to be processed again', 90_000);
  await anybody.get(`${changed}&size=256`).expect(200);
  const { rows } = await vitrine.db.query(
    `select r.key from renditions r join files f on f.id = r.file_id where f.url = $1`,
    [logo],
  );
  const stored = await vitrine.stored('storage/objects');
  for (const { key } of rows) expect(await readFile(stored.find((path) => path.endsWith(key))!)).not.toHaveLength(0);
}, 120_000);

it('anything but one’s own, ready photo is refused', async () => {
  const put = (client: Client, username: string, chosen: unknown) =>
    client.put(`/api/users/${username}/profile-photo`, { photo: chosen });
  const bob = await vitrine.signUp();
  const good = await photo(ada, await wall(200, 200, '#e02021'));
  await put(anybody, 'me', good).expect(401);
  await put(bob, 'me', good).expect(404, 'file_not_found');
  await put(bob, ada.username, good).expect(403, 'not_yours');
  await put(bob, 'nobody-at-all', good).expect(404, 'user_not_found');
  await put(ada, 'me', 'nothing').expect(404, 'file_not_found');
  await put(ada, 'me', 7).expect(422, 'validation_failed');
  await bob.delete(`/api/users/${ada.username}/profile-photo`).expect(403, 'not_yours');
  await anybody.get(`/api/users/${bob.username}/profile-photo`).expect(404, 'rendition_not_found');
  await vitrine.db.query(`update files set status = 'processing', heartbeat_at = now() where url = $1`, [good]);
  await put(ada, 'me', good).expect(409, 'file_processing');
  await vitrine.db.query(`update files set status = 'failed', failure_code = 'internal' where url = $1`, [good]);
  await put(ada, 'me', good).expect(409, 'file_failed');
});
