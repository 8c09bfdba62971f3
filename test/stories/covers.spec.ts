import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { ffmpeg, ffprobe, picture, song, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let ada: Client;
let anybody: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['image,video', 'audio', 'social,mail,maintenance'] });
  ada = await vitrine.signUp();
  anybody = vitrine.client();
});
afterAll(() => vitrine.stop());

const colour = (background: string) => sharp({ create: { width: 900, height: 900, channels: 3, background } });
async function photo(bytes: Buffer): Promise<string> {
  const { body } = await ada.upload('photo', bytes).expect(202);
  expect(await ada.settled(body.url)).toMatchObject({ status: 'ready' });
  return body.url;
}
const png = (background: string) => colour(background).png().toBuffer();
const read = async (url: string) => (await anybody.get(`/api/medias/${url}`).expect(200)).body;
/** #rrggbb of the middle of a picture, in 16 steps. */
async function middle(bytes: Buffer): Promise<string> {
  const { data } = await sharp(bytes).removeAlpha().resize(3, 3).raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray(12, 15)].map((value) => Math.round(value / 17).toString(16)).join('');
}

interface Download {
  tags: Record<string, string> | undefined;
  streams: string[];
  seconds: number;
  bytes: Buffer;
  /** Of the embedded cover. */
  colour: string | null;
}
async function download(fileUrl: string): Promise<Download> {
  const { bytes } = await anybody.get(`/api/musics/${fileUrl}/audio.m4a`).expect(200);
  const path = join(vitrine.dataDir, `${fileUrl}.m4a`);
  await writeFile(path, bytes);
  const { streams, format } = await ffprobe(path);
  const covered = streams.some(({ codec_type }) => codec_type === 'video');
  const cover = covered ? await ffmpeg('-i', path, '-map', '0:v', '-c', 'copy', 'cover.jpg') : null;
  return {
    tags: format.tags,
    streams: streams.map(({ codec_name }) => codec_name),
    seconds: Number(format.duration),
    bytes,
    colour: cover && (await middle(cover)),
  };
}
const embedded = (fileUrl: string, wanted: string | null) =>
  until(async () => {
    const found = await download(fileUrl);
    return found.colour === wanted && found;
  }, `the download to carry ${wanted}`);

const red = 'f00';
const green = '0f0';
const blue = '00f';

it('a chosen cover is shown at once, is embedded in the download, and outlives its photo', async () => {
  const media = await ada.publish('music', await song(3));
  const { url } = media.files[0];
  expect(media.files[0].cover).toBeUndefined();
  const before = await download(url);
  expect(before).toMatchObject({ colour: null, streams: ['aac'] });

  const chosen = await photo(await png('#ff0000'));
  const { body } = await ada.put(`/api/medias/${media.url}/cover`, { photo: chosen }).expect(200);
  const [file] = body.files;
  expect(file).toMatchObject({ cover: `/api/musics/${url}/cover`, color: expect.stringMatching(/^#f[0-9a-f]0\w0\w$/) });
  expect(Buffer.from(file.placeholder, 'base64').length).toBeGreaterThan(5);
  const sizes = file.renditions.filter(({ mimeType }: Json) => mimeType.startsWith('image/'));
  expect(sizes.map(({ name, mimeType }: Json) => `${name} ${mimeType}`).toSorted()).toEqual([
    'large image/jpeg',
    'large image/webp',
    'medium image/jpeg',
    'medium image/webp',
    'small image/webp',
    'thumb image/webp',
  ]);
  for (const { href, bytes, mimeType } of sizes) {
    expect(href).toMatch(/\/cover\?size=\w+&format=\w+&v=\w{8}$/);
    const got = await anybody.get(href).expect(200);
    expect([got.bytes.length, got.headers.get('content-type'), await middle(got.bytes)]).toEqual([
      bytes,
      mimeType,
      red,
    ]);
  }

  const after = await embedded(url, red);
  expect(after.streams).toEqual(['aac', 'mjpeg']);
  expect(after.tags).toMatchObject({ title: 'Gleis 9', artist: 'Die Probe' });
  expect(Math.abs(after.seconds - before.seconds)).toBeLessThan(0.05);
  const listed = (await read(media.url)).files[0].renditions.find(({ name }: Json) => name === 'download');
  expect(listed.bytes).toBe(after.bytes.length);
  expect((await anybody.get(`/api/musics/${url}/audio.m4a`)).headers.get('cache-control')).toBe('public, no-cache');

  await ada.delete(`/api/files/${chosen}`).expect(204);
  await anybody.get(file.cover).expect(200);
  const second = await photo(await png('#0000ff'));
  await ada.put(`/api/medias/${media.url}/cover`, { photo: second }).expect(200);
  await embedded(url, blue);
  const { rows } = await vitrine.db.query(
    `select r.key from renditions r join files f on f.id = r.file_id where f.url = $1 union all select source_key from files where url = $1`,
    [url],
  );
  const { rows: ids } = await vitrine.db.query('select id from files where url = $1', [url]);
  await until(async () => {
    const stored = (await vitrine.stored('storage/objects')).filter((path) => path.includes(ids[0].id));
    return stored.length === rows.length && rows.every(({ key }) => stored.some((path) => path.endsWith(key)));
  }, 'the old bytes to be gone');
});

it('the original cover can be restored, and a chosen one survives reprocessing', async () => {
  const bytes = await ffmpeg(
    ...['-f', 'lavfi', '-i', 'sine=duration=2', '-f', 'lavfi', '-i', 'color=0x00ff00:size=640x640'],
    ...[
      '-map',
      '0',
      '-map',
      '1',
      '-frames:v',
      '1',
      '-c:v',
      'mjpeg',
      '-q:v',
      '2',
      '-disposition:v',
      'attached_pic',
      'own.mp3',
    ],
  );
  const media = await ada.publish('music', bytes);
  const { url } = media.files[0];
  expect((await download(url)).colour).toBe(green);
  await ada.put(`/api/medias/${media.url}/cover`, { photo: await photo(await png('#fe0000')) }).expect(200);
  await embedded(url, red);

  await vitrine.reprocess(url);
  const redone = () => vitrine.db.query('select redo, embed_id from files where url = $1', [url]);
  await until(async () => !(await redone()).rows[0].redo, 'the music to be processed again', 60_000);
  expect(await middle((await anybody.get(`/api/musics/${url}/cover`)).bytes)).toBe(red);
  await embedded(url, red);

  await ada.delete(`/api/medias/${media.url}/cover`).expect(204);
  await ada.delete(`/api/medias/${media.url}/cover`).expect(204);
  expect(await middle((await anybody.get(`/api/musics/${url}/cover`)).bytes)).toBe(green);
  const { files } = await read(media.url);
  expect(files[0].color).toMatch(/^#0\w[ef]\w0\w$/);
  await embedded(url, green);
  expect((await redone()).rows[0].embed_id).toBeNull();
}, 120_000);

it('the download gets the last of many choices', async () => {
  const media = await ada.publish('music', await song(4));
  const { url } = media.files[0];
  const photos = [
    await photo(await png('#fd0000')),
    await photo(await png('#00fd00')),
    await photo(await png('#0000fd')),
  ];
  await Promise.all(photos.map((chosen) => ada.put(`/api/medias/${media.url}/cover`, { photo: chosen }).expect(200)));
  await ada.put(`/api/medias/${media.url}/cover`, { photo: photos[1]! }).expect(200);
  await embedded(url, green);
  await until(
    async () => (await vitrine.db.query('select 1 from files where embed_id is not null')).rowCount === 0,
    'every wish to be met',
  );
  expect((await download(url)).colour).toBe(green);
  expect(await middle((await anybody.get(`/api/musics/${url}/cover`)).bytes)).toBe(green);
});

it('a choice survives the death of the worker and an emptied queue', async () => {
  const media = await ada.publish('music', await song(6));
  const { url } = media.files[0];
  const chosen = await photo(await png('#fc0000'));
  await vitrine.end('audio', 'SIGKILL');
  await ada.put(`/api/medias/${media.url}/cover`, { photo: chosen }).expect(200);
  const waiting = () => vitrine.db.query(`select 1 from bullmq.job where name = 'music.embed' and state = 'waiting'`);
  await until(async () => (await waiting()).rowCount, 'the job');
  expect(await middle((await anybody.get(`/api/musics/${url}/cover`)).bytes)).toBe(red);
  await vitrine.db.query(`delete from bullmq.job where name = 'music.embed'`);
  await vitrine.db.query(`update files set updated_at = now() - interval '10 minutes' where url = $1`, [url]);
  vitrine.startWorker('audio');
  await until(async () => (await download(url)).colour === red, 'the download to carry it', 80_000);
}, 120_000);

it('a video shows the chosen picture instead of its poster', async () => {
  const media = await ada.publish('video', await video('320x180', 2));
  const { url, placeholder } = media.files[0];
  const own = (await anybody.get(`/api/videos/${url}/poster`)).bytes;
  const chosen = await photo(await png('#fb0000'));
  const { body } = await ada.put(`/api/medias/${media.url}/thumbnail`, { photo: chosen }).expect(200);
  expect(body.files[0].placeholder).not.toBe(placeholder);
  const poster = await anybody.get(body.files[0].poster).expect(200);
  expect([await middle(poster.bytes), poster.headers.get('cache-control')]).toEqual([red, 'public, no-cache']);
  const posters = body.files[0].renditions.filter(({ href }: Json) => href.includes('/poster?'));
  expect(posters).toHaveLength(6);
  for (const { href } of posters) expect(await middle((await anybody.get(href).expect(200)).bytes)).toBe(red);
  await ada.delete(`/api/medias/${media.url}/thumbnail`).expect(204);
  expect((await anybody.get(`/api/videos/${url}/poster`)).bytes.equals(own)).toBe(true);
  expect((await read(media.url)).files[0].placeholder).toBe(placeholder);
});

it('anything but one’s own, ready photo is refused', async () => {
  const media = await ada.publish('music', await song(5));
  const put = (client: Client, chosen: string, url = media.url) =>
    client.put(`/api/medias/${url}/cover`, { photo: chosen });
  const good = await photo(await png('#fa0000'));
  const bob = await vitrine.signUp();
  await put(ada, good, 'nothing').expect(404, 'media_not_found');
  await put(bob, good).expect(403, 'not_yours');
  await put(anybody, good).expect(401);
  await put(ada, 'nothing').expect(404, 'file_not_found');
  await put(ada, media.files[0].url).expect(422, 'file_kind_mismatch');
  await ada.put(`/api/medias/${media.url}/cover`, {}).expect(422, 'validation_failed');
  const { body: bobs } = await bob.upload('photo', await png('#f90000')).expect(202);
  await bob.settled(bobs.url);
  await put(ada, bobs.url).expect(404, 'file_not_found');
  const ofPhoto = await ada.publish('photo', await picture(91, 91).png().toBuffer());
  await put(ada, good, ofPhoto.url).expect(422, 'file_kind_mismatch');
  const hidden = await bob.publish('music', await song(7), { visibility: 'private' });
  await put(ada, good, hidden.url).expect(404, 'media_not_found');

  const state = (url: string, status: string, code: string | null) =>
    vitrine.db.query('update files set status = $2, failure_code = $3, heartbeat_at = now() where url = $1', [
      url,
      status,
      code,
    ]);
  await state(good, 'processing', null);
  await put(ada, good).expect(409, 'file_processing');
  await state(good, 'failed', 'internal');
  await put(ada, good).expect(409, 'file_failed');
  await state(good, 'ready', null);
  await state(media.files[0].url, 'processing', null);
  await put(ada, good).expect(409, 'file_processing');
  await state(media.files[0].url, 'ready', null);
  await put(ada, good).expect(200);
});
