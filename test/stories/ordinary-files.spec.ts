import sharp from 'sharp';
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
    detail: 'The file contains sound but no video: upload it as music.',
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

/** Samples of a second in the middle that are no numbers, as a broken plug-in of an editor writes them. */
async function brokenFloats(): Promise<Buffer> {
  const bytes = await ffmpeg(...tone, '-c:a', 'pcm_f32le', 'floats.wav');
  const middle = (bytes.length % 4) + 4 * Math.floor(bytes.length / 8);
  for (let i = 0; i < 22_050; i++) bytes.writeFloatLE(i % 2 ? NaN : Infinity, middle + 4 * i);
  return bytes;
}

/** RGB and two more channels, as microscopes write them: a grey TIFF five times as wide, with another header. */
async function fiveChannels(): Promise<Buffer> {
  const raw = { width: 90 * 5, height: 60, channels: 1 as const };
  const tiff = await sharp(Buffer.alloc(90 * 60 * 5, 77), { raw })
    .toColourspace('b-w')
    .tiff({ compression: 'deflate', predictor: 'none' })
    .toBuffer();
  const fields: Record<number, number> = { 256: 90, 262: 2, 277: 5 };
  const directory = tiff.readUInt32LE(4);
  for (let i = 0, at = directory + 2; i < tiff.readUInt16LE(directory); i++, at += 12) {
    const value = fields[tiff.readUInt16LE(at)];
    if (value !== undefined) tiff.writeUInt16LE(value, at + 8);
  }
  return tiff;
}

const coloured = (matrix: string) =>
  ffmpeg(...clip, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-colorspace', matrix, 'video.mp4');

it.each([
  ['music with samples that are no numbers', 'music', brokenFloats],
  ['a photo of five channels', 'photo', fiveChannels],
  ['a video in YCgCo', 'video', () => coloured('ycgco')],
  ['a video whose matrix nothing converts', 'video', () => coloured('smpte2085')],
] as const)('takes %s', async (_, kind, make) => {
  const { body: file } = await ada.upload(kind, await make()).expect(202);
  expect(await ada.settled(file.url, patienceMs)).toMatchObject({ status: 'ready' });
});
