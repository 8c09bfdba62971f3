import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBoxes } from '../../src/processing/accept/boxes.js';
import { crowdedWebm, ebml, id3, id3Frame, id3Picture, pngOf } from '../setup/make-bombs.js';
import { ffmpeg, picture, song, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Siege, type Outcome } from '../setup/siege.js';

const MiB = 1024 ** 2;
let seconds = 1;
let siege: Siege;
let slow: Promise<Outcome>;
beforeAll(async () => {
  siege = await Siege.begin();
  // ffprobe would compare each with all previous ones, for minutes, if nobody stopped it. Runs while the others are
  // sent.
  slow = siege.send('music', await tagged(comments(200_000)), 'slow.mp3');
});
afterAll(() => siege.end());

const pictures = (size: string, rate: string, seconds: number) => [
  '-f',
  'lavfi',
  '-i',
  `color=size=${size}:rate=${rate}:duration=${seconds},format=yuv420p`,
];
const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast'];
const day = () => ffmpeg(...pictures('16x16', '1/60', 86_400), ...x264, 'video.mp4');

/** Every header says a minute, and the packets last a day (ISO/IEC 14496-12, 8.2.2, 8.3.2 and 8.4.2). */
async function dayCalledMinute(): Promise<Buffer> {
  const bytes = await day();
  for (const [type, at] of Object.entries({ mvhd: 16, mdhd: 16, tkhd: 20 }))
    for (const { body } of findBoxes(bytes, type))
      bytes.writeUInt32BE(Math.floor(bytes.readUInt32BE(body + at) / 1440), body + at);
  return bytes;
}

/** An index whose size table declares 80 million entries: two gigabytes in ffmpeg, per track. */
async function hugeIndex(): Promise<Buffer> {
  const bytes = await ffmpeg(...pictures('64x48', '1', 1), ...x264, 'video.mp4');
  const body = (type: string) => findBoxes(bytes, type)[0]!.body;
  bytes.writeUInt32BE(1, body('stsz') + 4);
  for (const [type, at] of Object.entries({ stsz: 8, stts: 8, stsc: 12 }))
    bytes.writeUInt32BE(80_000_000, body(type) + at);
  return bytes;
}

async function attachments(count: number): Promise<Buffer> {
  const path = join(siege.vitrine.dataDir, 'attached.txt');
  await writeFile(path, 'x');
  const attached = Array.from({ length: count }, () => ['-attach', path]).flat();
  return ffmpeg(
    ...pictures('64x48', '5', 1),
    ...x264,
    ...attached,
    '-metadata:s:t',
    'mimetype=text/plain',
    'video.mkv',
  );
}

const tracks = (count: number) =>
  ffmpeg(
    ...pictures('64x48', '5', 1),
    ...[
      '-f',
      'lavfi',
      '-i',
      'sine=duration=0.2',
      '-map',
      '0',
      ...Array.from({ length: count }, () => ['-map', '1']).flat(),
    ],
    ...[...x264, '-c:a', 'pcm_s16le', 'video.mkv'],
  );

/** Nested tags (Matroska, 5.1.8): a simple tag may contain simple tags. */
async function nestedTags(depth: number): Promise<Buffer> {
  const bytes = await ffmpeg(...pictures('64x48', '5', 1), ...x264, '-live', '1', 'video.mkv');
  let tag = ebml([0x67, 0xc8], ebml([0x45, 0xa3], Buffer.from('TITLE')));
  for (let i = 0; i < depth; i++) tag = ebml([0x67, 0xc8], ebml([0x45, 0xa3], Buffer.from('A')), tag);
  return Buffer.concat([bytes, ebml([0x12, 0x54, 0xc3, 0x67], ebml([0x73, 0x73], tag))]);
}

const cut = async (bytes: Promise<Buffer>, share: number) => {
  const whole = await bytes;
  return whole.subarray(0, Math.floor(whole.length * share));
};

const videos: [string, Outcome, () => Promise<Buffer>][] = [
  ['a day of one picture a minute', '422 too_long', day],
  ['a day that says it is a minute', '422 too_long', dayCalledMinute],
  [
    'a picture of 16,384 × 8,192',
    '422 too_large_dimensions',
    () => ffmpeg(...pictures('16384x8192', '1', 1), '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', 'video.mov'),
  ],
  [
    'a thousand pictures a second',
    '422 frame_rate_too_high',
    () => ffmpeg(...pictures('64x48', '1000', 1), ...x264, 'video.mp4'),
  ],
  ['500 tracks', '422 too_many_streams', () => tracks(500)],
  ['500 attachments', '422 too_many_streams', () => attachments(500)],
  ['an MP4 without its index', '422 corrupt_input', () => cut(video('128x96', 2), 0.5)],
  [
    'the beginning of an MKV',
    '422 corrupt_input',
    () => cut(ffmpeg(...pictures('64x48', '5', 1), ...x264, 'video.mkv'), 0.1),
  ],
  ['an MP4 whose index claims 80 million samples', '422 corrupt_input', hugeIndex],
];

describe('a hostile video', () => {
  it.each(videos)('%s: %s', async (_, expected, make) => {
    expect(await siege.send('video', await make(), '-i.mp4')).toBe(expected);
  });
});

const comments = (count: number) =>
  id3(Array.from({ length: count }, (_, i) => id3Frame('TXXX', Buffer.from(`\x03k${i}\0v`))));
const smallPng = () => picture(9, 9).png().toBuffer();

const tags: [string, Outcome, () => Buffer | Promise<Buffer>][] = [
  ['a picture of 48 MB that is none', 'ready', () => id3([id3Picture(randomBytes(48 * MiB))])],
  ['a picture of 30,000 px', 'ready', () => id3([id3Picture(pngOf(30_000))])],
  ['10,000 comments', 'ready', () => comments(10_000)],
  ['100 pictures', '422 too_many_streams', async () => id3(Array(100).fill(id3Picture(await smallPng())))],
  ['2,000 pictures', '422 corrupt_input', async () => id3(Array(2_000).fill(id3Picture(await smallPng())))],
  ['256 MB, as it says', '422 corrupt_input', () => id3([id3Frame('TIT2', Buffer.from('\x03x'))], 0xfffffff)],
];

describe('music with a tag of', () => {
  it.each(tags)('%s: %s', async (_, expected, tag) => {
    expect(await siege.send('music', await tagged(await tag()), 'song.mp3')).toBe(expected);
  });
});

describe('300,000 packets at one time', () => {
  const crowd = { atMs: 0, packets: 300_000 };
  it('are refused', async () => {
    expect(await siege.send('music', crowdedWebm([crowd]), 'song.webm')).toBe('422 corrupt_input');
  });

  it('fail in a worker, if the end of the file says nothing of them', async () => {
    const hidden = crowdedWebm([crowd, { atMs: 100_000, packets: 1 }]);
    expect(await siege.send('music', hidden, 'song.webm')).toBe('failed corrupt_input');
  });
});

describe('a video with nested tags', () => {
  it.each([100, 3_000])('%i deep', async (depth) => {
    expect(await siege.send('video', await nestedTags(depth), 'video.mkv')).toBe('ready');
  });
});

it('a valid video has resource limits, too', async () => {
  const { body } = await siege.attacker.upload('video', await video('640x360', 10)).expect(202);
  const limits = await until(
    async () => {
      const encoder = (await siege.children()).find(({ name }) => name === 'ffmpeg');
      // It may have ended by now, and another one started.
      return encoder && readFile(`/proc/${encoder.pid}/limits`, 'utf8').catch(() => '');
    },
    'the encoder to run',
    30_000,
    20,
  );
  for (const name of ['cpu time', 'file size', 'address space'])
    expect(limits).toMatch(new RegExp(`^Max ${name} +[1-9]\\d+ `, 'm'));
  expect(await siege.attacker.settled(body.url)).toMatchObject({ status: 'ready' });
});

it('music that takes too long to inspect: 422 corrupt_input', async () => {
  expect(await slow).toBe('422 corrupt_input');
});

it('all at once: others are not affected, and nothing is left', async () => {
  await siege.during(() => Promise.all(videos.map(async ([, , make]) => siege.send('video', await make()))));
  await siege.expectNothingLeft();
});

/** A different song each time, so that none is a duplicate. */
async function tagged(tag: Buffer): Promise<Buffer> {
  seconds += 0.1;
  return Buffer.concat([tag, await song(seconds)]);
}
