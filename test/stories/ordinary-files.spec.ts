import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../setup/client.js';
import { ffmpeg, video } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

const patienceMs = 120_000;
let vitrine: Vitrine;
let ada: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  ada = await vitrine.signUp();
});
afterAll(() => vitrine.stop());

const lavfi = (graph: string) => ['-f', 'lavfi', '-i', graph];
const tone = lavfi('sine=duration=2');
const clip = lavfi('testsrc2=size=160x90:rate=25:duration=2');

it('plays a truncated video, and warns only its owner', async () => {
  const whole = await video('160x90', 10, '-movflags', '+faststart');
  const { body: file } = await ada.upload('video', whole.subarray(0, Math.floor(whole.length * 0.95))).expect(202);
  expect(await ada.settled(file.url, patienceMs)).toMatchObject({
    status: 'ready',
    warnings: [
      { code: 'truncated', detail: expect.stringMatching(/^The end is missing: 9\d{3} of 10\d{3} ms were found\.$/) },
    ],
  });
  const { body: media } = await ada.post('/api/medias', { type: 'video', files: [file.url] }).expect(201);
  const { body: shown } = await vitrine.client().get(`/api/medias/${media.url}`).expect(200);
  expect(shown.files[0].facts).toMatchObject({ videoCodec: 'h264' });
  expect(JSON.stringify(shown)).not.toMatch(/warnings|truncated/);
});

it('accepts sound recorded by a browser as music, and suggests that if it is sent as a video', async () => {
  const recorded = await ffmpeg(...tone, '-c:a', 'libopus', '-live', '1', 'recorded.webm');
  const { body: refused } = await ada.upload('video', recorded).expect(422);
  expect(refused).toMatchObject({
    code: 'content_refused',
    reason: 'no_streams',
    detail: 'The file holds sound but no video: upload it as music.',
  });
  const { body: file } = await ada.upload('music', recorded).expect(202);
  expect(await ada.settled(file.url, patienceMs)).toMatchObject({
    ...{ status: 'ready', mimeType: 'audio/webm', warnings: [], durationMs: expect.closeTo(2000, -2) },
  });
});

it('accepts a video with invalid language tags', async () => {
  const languages = ['-metadata:s:a:0', 'language=de-1996-1996', '-metadata:s:a:1', `language=${'x'.repeat(100)}`];
  const maps = ['-map', '0', '-map', '1', '-map', '2', '-pix_fmt', 'yuv420p'];
  const bytes = await ffmpeg(...clip, ...tone, ...tone, ...maps, ...languages, 'languages.mkv');
  const { body: file } = await ada.upload('video', bytes).expect(202);
  expect(await ada.settled(file.url, patienceMs)).toMatchObject({ status: 'ready', facts: { language: null } });
});
