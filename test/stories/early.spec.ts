import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { ffmpeg } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let ada: Client;
let anybody: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  ada = await vitrine.signUp();
  anybody = vitrine.client();
});
afterAll(() => vitrine.stop());

/** Noise, so that encoding takes a while. */
const busy = (seconds: number) =>
  ffmpeg(
    ...['-f', 'lavfi', '-i', `testsrc2=size=1280x720:rate=30:duration=${seconds},noise=alls=20:allf=t`],
    ...['-f', 'lavfi', '-i', `sine=duration=${seconds}`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '8M', '-c:a', 'aac', 'busy.mp4'],
  );
const rungsOf = (media: Json): string[] =>
  media.files[0].renditions.filter(({ mimeType }: Json) => mimeType === 'video/mp4').map(({ name }: Json) => name);

it('a video is shown with its first rung while the others are being made', async () => {
  const { body: file } = await ada.upload('video', await busy(12)).expect(202);
  await anybody.get(`/api/videos/${file.url}`).expect(404, 'file_not_found');
  const { body: published } = await ada.post('/api/medias', { type: 'video', files: [file.url] }).expect(201);
  await anybody.get(`/api/medias/${published.url}`).expect(404, 'media_not_found');

  const early = await until(
    async () => {
      const { status, body } = await anybody.get(`/api/medias/${published.url}`);
      return status === 200 && (body as Json);
    },
    'the first rung',
    60_000,
    50,
  );
  expect(early).toMatchObject({ status: 'processing', files: [{ status: 'processing' }] });
  expect(rungsOf(early)).toEqual(['360p']);
  expect(early.files[0]).toMatchObject({
    poster: expect.any(String),
    placeholder: expect.any(String),
    durationMs: 12_000,
  });
  const { progress } = early.files[0];
  expect(progress).toBeLessThan(1);
  const { href } = early.files[0].renditions.find(({ name }: Json) => name === '360p');
  const { bytes } = await anybody.get(href).expect(200);
  await anybody.get(early.files[0].storyboard).expect(200);
  const { body: list } = await anybody.get('/api/medias').expect(200);
  expect(list.items.map(({ url }: Json) => url)).toContain(published.url);
  expect((await anybody.get(early.owner.username ? `/api/users/${early.owner.username}` : '')).body.counts.videos).toBe(
    1,
  );

  await until(
    async () => (await ada.get(`/api/files/${file.url}`)).body.remainingMs > 0,
    'an estimate of the time left',
    30_000,
    50,
  );
  expect(await ada.settled(file.url)).toMatchObject({ status: 'ready', progress: 1 });
  const { body: whole } = await anybody.get(`/api/medias/${published.url}`).expect(200);
  expect(whole).toMatchObject({ files: [{ status: 'ready' }] });
  expect(rungsOf(whole)).toEqual(['144p', '240p', '360p', '480p', '720p']);
  expect((await anybody.get(href).expect(200)).bytes.equals(bytes), 'a player goes on with the address it has').toBe(
    true,
  );
  await until(
    async () => (await anybody.get(`/api/medias/${published.url}`)).body.status === 'ready',
    'the media to be ready',
  );
});

it('a video whose other rungs fail keeps what it has, and can be reprocessed', async () => {
  const { body: file } = await ada.upload('video', await busy(13)).expect(202);
  await until(async () => (await ada.get(`/api/videos/${file.url}`)).status === 200, 'the first rung', 60_000, 50);
  // As if every attempt ended without a report: the next one gives up.
  await vitrine.end('image,video,audio', 'SIGKILL');
  await vitrine.db.query(
    `update files set attempts = 6, heartbeat_at = null, updated_at = now() - interval '1 hour' where url = $1`,
    [file.url],
  );
  vitrine.startWorker('image,video,audio');
  expect(await ada.settled(file.url, 90_000)).toMatchObject({ status: 'ready' });
  const { body: master } = await ada.get(`/api/videos/${file.url}`).expect(200);
  expect(master).toContain('360p.m3u8');
  expect(master).not.toContain('720p.m3u8');
  const { rows } = await vitrine.db.query('select pipeline from files where url = $1', [file.url]);
  expect(rows).toEqual([{ pipeline: 0 }]);
}, 180_000);
