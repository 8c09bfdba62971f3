import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accept } from '../accept/accept.js';
import { deriveMusic } from './audio.js';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import { embedPicture } from './m4a.js';
import { probe } from '../run/probe.js';
import { run } from '../run/process.js';
import type { Waveform } from './waveform.js';

let dir: string;
let binaries: Binaries;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'audio-'));
  binaries = await resolveBinaries();
  const red = sharp({ create: { width: 700, height: 700, channels: 3, background: '#d01010' } });
  await red.jpeg().toFile(path.join(dir, 'cover.jpg'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const make = async (name: string, ...args: string[]) => {
  await run(binaries.ffmpeg, ['-v', 'error', '-y', ...args, name], { cwd: dir });
  return path.join(dir, name);
};
const context = () => ({ binaries, threads: 2, signal: AbortSignal.timeout(30_000) });
const coverLimits = { maxBytes: 1e7, maxPixels: 1e6, maxFrames: 1 };
const derive = (input: string, limits = coverLimits) =>
  deriveMusic(input, path.join(dir, `out-${++count}`), limits, context());
const tone = (seconds: number, more = '') => ['-f', 'lavfi', '-i', `sine=sample_rate=44100:duration=${seconds}${more}`];
const withCover = ['-i', 'cover.jpg', '-map', '0', '-map', '1', '-c:v', 'copy', '-id3v2_version', '3'];
const named = [
  '-metadata',
  'title=Two words',
  '-metadata',
  'artist=Ann',
  '-metadata',
  'album=First',
  '-metadata',
  'date=2011',
];

it('makes an M4A and an HLS stream of an MP3, with its tags and its cover', async () => {
  const input = await make('song.mp3', ...tone(6), ...withCover, ...named, '-b:a', '64k');
  const music = await derive(input);

  expect(music.facts).toMatchObject({ codec: 'mp3', sampleRate: 44_100, channels: 1 });
  expect(music.facts.tags).toMatchObject({ title: 'Two words', artist: 'Ann', album: 'First', year: 2011 });
  for (const form of [music.progressive, music.hls]) {
    const made = await probe(form.path, context());
    expect(made).toMatchObject({ video: null, audio: { codec: 'aac', sampleRate: 44_100 } });
    expect(Math.abs(made.durationMs! - 6000)).toBeLessThanOrEqual(100);
    expect(Math.abs(form.durationMs - 6000)).toBeLessThanOrEqual(100);
    expect(form.bytes).toBe(made.size);
  }
  expect((await probe(music.progressive.path, context())).tags).toMatchObject({
    title: 'Two words',
    artist: 'Ann',
    album: 'First',
    year: 2011,
  });
  expect(music.hls.codecs).toBe('mp4a.40.2');
  expect(music.hls.segments).toHaveLength(2);
  expect(music.cover?.outputs.find((o) => o.name === 'large')).toMatchObject({ width: 700, height: 700 });
  expect(music.cover?.color).toMatch(/^#(cf|d0|d1)/);
});

it('gives little sound few bits', async () => {
  const speech = ['-f', 'lavfi', '-i', 'anoisesrc=duration=20:amplitude=0.1', '-c:a', 'libopus', '-b:a', '6k'];
  const { progressive, hls } = await derive(await make('speech.ogg', ...speech));
  for (const { bytes } of [progressive, hls]) expect((bytes * 8) / 20).toBeLessThan(50_000);
  const music = await derive(await make('noise.mp3', '-f', 'lavfi', '-i', 'anoisesrc=duration=20', '-b:a', '128k'));
  expect((music.progressive.bytes * 8) / 20).toBeGreaterThan(100_000);
});

const musicLimits = { maxBytes: 1e7, maxDurationMs: 10_000 };
const limits = {
  photo: coverLimits,
  music: musicLimits,
  video: { ...musicLimits, maxSide: 1, maxFps: 1 },
  file: musicLimits,
};

it.each([
  ['mp3', ['-c:a', 'libmp3lame', '-q:a', '2']],
  ['flac', ['-c:a', 'flac']],
  ['ogg', ['-c:a', 'libvorbis']],
  ['opus', ['-c:a', 'libopus']],
  ['wav', ['-c:a', 'pcm_u8', '-ar', '8000']],
  ['wma', ['-c:a', 'wmav2']],
  ['aiff', ['-c:a', 'pcm_s16be']],
  ['aac', ['-c:a', 'aac']],
  ['m4a', ['-c:a', 'aac', '-ar', '8000']],
  ['m4a', ['-c:a', 'alac']],
  ['mp4', ['-c:a', 'aac', '-movflags', '+frag_keyframe+empty_moov']],
])('processes %s, made with %j, without cover or tags', async (extension, codec) => {
  const input = await make(`plain.${extension}`, ...tone(2), ...codec);
  await accept(input, 'music', limits, context());
  const music = await derive(input);
  expect(music.cover).toBeNull();
  expect(music.facts.tags).toEqual({});
  expect(Math.abs(music.facts.durationMs - 2000)).toBeLessThanOrEqual(
    codec.includes('8000') && extension === 'm4a' ? 300 : 100,
  );
});

/** The audio packets without their container. */
const packets = async (file: string, name: string) =>
  readFile(await make(`${name}.aac`, '-i', file, '-map', '0:a', '-c', 'copy'));
/** Number of samples that a player plays. */
const heard = async (file: string) =>
  (await readFile(await make('heard.s8', '-i', file, '-map', '0:a', '-ac', '1', '-c:a', 'pcm_s8', '-f', 's8'))).length;

it('embeds the cover in the M4A, as a JPEG of limited size', async () => {
  const { progressive, hls } = await derive(
    await make(
      'album.flac',
      ...tone(2),
      '-i',
      'cover.jpg',
      '-map',
      '0',
      '-map',
      '1',
      '-c:v',
      'png',
      '-disposition:v',
      'attached_pic',
    ),
  );
  const made = await probe(progressive.path, context());
  expect(made).toMatchObject({ streams: 2, video: null, cover: { index: 1 } });
  expect(
    await sharp(
      await readFile(await make('inside.jpg', '-i', progressive.path, '-map', '0:v', '-c', 'copy')),
    ).metadata(),
  ).toMatchObject({ format: 'jpeg', width: 700, height: 700 });
  expect((await probe(hls.path, context())).cover).toBeNull();
});

it('replaces and removes the picture of an M4A without changing an audio packet', async () => {
  const { progressive } = await derive(await make('plain.mp3', ...tone(3), ...named));
  const before = await packets(progressive.path, 'before');
  const out = path.join(dir, 'embedded');
  await mkdir(out);
  const covered = await embedPicture(progressive.path, path.join(dir, 'cover.jpg'), out, context());
  const found = await probe(covered.path, context());
  expect(found).toMatchObject({
    cover: { index: 1 },
    tags: { title: 'Two words', artist: 'Ann', album: 'First', year: 2011 },
  });
  expect(Math.abs(covered.durationMs - 3000)).toBeLessThanOrEqual(50);
  expect((await packets(covered.path, 'after')).equals(before)).toBe(true);
  const again = path.join(dir, 'covered.m4a');
  await rename(covered.path, again);
  const bare = await embedPicture(again, null, out, context());
  expect(await probe(bare.path, context())).toMatchObject({ cover: null, tags: found.tags });
  expect(await heard(bare.path)).toBe(await heard(progressive.path));
});

it('copies AAC that already is what it would encode, and keeps its length', async () => {
  const spoken = [
    '-metadata',
    'comment=Recorded in Graz',
    '-metadata:s:a',
    'handler_name=Recorder of Ann',
    '-metadata:s:a',
    'language=ger',
  ];
  const input = await make(
    'fits.m4a',
    ...tone(5.0123),
    ...withCover,
    ...named,
    ...spoken,
    ...['-disposition:v', 'attached_pic'],
    '-ac',
    '2',
    '-b:a',
    '128k',
  );
  const { progressive, hls, facts, cover } = await derive(input);
  expect((await packets(progressive.path, 'copied')).equals(await packets(input, 'source'))).toBe(true);
  expect((await packets(hls.path, 'streamed')).equals(await packets(input, 'source'))).toBe(true);
  expect(await heard(progressive.path)).toBe(await heard(input));
  expect(Math.abs(facts.durationMs - 5012)).toBeLessThanOrEqual(1);
  expect(facts.tags).toMatchObject({ title: 'Two words', artist: 'Ann', album: 'First', year: 2011 });
  expect(facts.loudness!.integratedLufs).toBeLessThan(0);
  expect(cover).not.toBeNull();
  expect((await probe(progressive.path, context())).audio).toMatchObject({ language: null });
  const bytes = (await readFile(progressive.path)).toString('latin1');
  expect(bytes).not.toMatch(/Graz|Recorder/);
});

it.each([
  ['too many bits', ['-c:a', 'aac', '-b:a', '256k', '-ac', '2']],
  ['another rate', ['-c:a', 'aac', '-ar', '22050']],
  ['another codec', ['-c:a', 'alac']],
])('does not copy a source with %s', async (_, codec) => {
  const noise = ['-f', 'lavfi', '-i', 'anoisesrc=duration=2:sample_rate=44100'];
  const input = await make('other.m4a', ...noise, ...codec);
  const { progressive } = await derive(input);
  expect(await probe(progressive.path, context())).toMatchObject({ audio: { codec: 'aac', profile: 'LC' } });
  expect(
    (await packets(progressive.path, 'made')).equals(await packets(input, 'given').catch(() => Buffer.alloc(0))),
  ).toBe(false);
});

it('encodes AAC of which an edit list hides a part', async () => {
  const input = await make('long.m4a', ...tone(6), '-b:a', '96k');
  const cut = await make('cut.m4a', '-ss', '2.5', '-i', input, '-c', 'copy');
  const { progressive, facts } = await derive(cut);
  expect(Math.abs(facts.durationMs - 3500)).toBeLessThanOrEqual(100);
  expect(Math.abs((await heard(progressive.path)) - (await heard(cut)))).toBeLessThanOrEqual(3000);
});

it('downmixes many channels to two', async () => {
  const input = await make('many.wav', ...tone(1, ',aformat=channel_layouts=mono,pan=16c|c0=c0|c1=c0'));
  const music = await derive(input);
  expect(music.facts.channels).toBe(16);
  expect((await probe(music.hls.path, context())).audio?.channels).toBe(2);
});

it('leaves out a cover that is damaged or too large, and still processes the music', async () => {
  const whole = await make('covered.mp3', ...tone(1), ...withCover);
  expect((await derive(whole, { ...coverLimits, maxPixels: 1000 })).cover).toBeNull();
  const bytes = await readFile(whole);
  const picture = bytes.indexOf(Buffer.of(0xff, 0xd8, 0xff));
  const damaged = path.join(dir, 'damaged.mp3');
  await writeFile(damaged, bytes.fill(0, picture + 2, picture + 900));
  expect((await derive(damaged)).cover).toBeNull();
});

it('fails if there is no sound', async () => {
  const input = await make('mute.mp4', '-f', 'lavfi', '-i', 'color=size=16x16:duration=1', '-c:v', 'mpeg4');
  await expect(derive(input)).rejects.toMatchObject({ code: 'no_streams' });
});

it('measures peaks and loudness in the same decode', async () => {
  // A tone of full scale / 10 for two seconds, then silence for one.
  const input = await make('peaks.wav', '-f', 'lavfi', '-i', "aevalsrc='0.1*sin(2*PI*1000*t)*lt(t,2)':d=3:s=48000");
  const { facts, waveform } = await derive(input);
  const peaks = JSON.parse(await readFile(waveform.path, 'utf8')) as Waveform;
  expect(peaks).toMatchObject({ version: 2, channels: 1, bits: 8, sample_rate: 8000, samples_per_pixel: 80 });
  expect(peaks.length).toBe(300);
  expect(peaks.data).toHaveLength(600);
  for (const [low, high] of [peaks.data.slice(100, 102), peaks.data.slice(300, 302)]) {
    expect(high).toBeGreaterThanOrEqual(12);
    expect(high).toBeLessThanOrEqual(14);
    expect(low).toBeLessThanOrEqual(-11);
  }
  for (const value of peaks.data.slice(420)) expect(Math.abs(value)).toBeLessThanOrEqual(1);
  // A sine of -20 dBFS peak in one channel is -23 LUFS (EBU Tech 3341, 1, turned around); gating leaves the silence out.
  expect(facts.loudness!.integratedLufs).toBeCloseTo(-23, 0);
  expect(facts.loudness!.gainDb).toBeCloseTo(-14 - facts.loudness!.integratedLufs, 1);
});

it('reports no loudness for silence, and at most 4,000 points', async () => {
  const input = await make(
    'silence.flac',
    '-f',
    'lavfi',
    '-i',
    'anullsrc=sample_rate=44100:channel_layout=mono',
    '-t',
    '90',
  );
  const { facts, waveform } = await derive(input);
  expect(facts.loudness).toBeNull();
  const peaks = JSON.parse(await readFile(waveform.path, 'utf8')) as Waveform;
  expect(peaks.length).toBeLessThanOrEqual(4_000);
  expect(peaks.length).toBeGreaterThan(3_900);
});
