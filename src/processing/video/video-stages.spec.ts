import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import type { Context } from '../run/context.js';
import { run } from '../run/process.js';
import { deriveVideo, type Video } from './video.js';

let dir: string;
let binaries: Binaries;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'video-stages-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const make = async (name: string, ...args: string[]) => {
  await run(binaries.ffmpeg, ['-v', 'error', '-y', ...args, name], { cwd: dir });
  return path.join(dir, name);
};
const context = (): Context => ({ binaries, threads: 2, signal: AbortSignal.timeout(60_000) });
const derive = (input: string, onPlayable?: (video: Video) => Promise<void>) =>
  deriveVideo(input, path.join(dir, `out-${++count}`), context(), onPlayable);
const lavfi = (graph: string) => ['-f', 'lavfi', '-i', graph];
const picture = (size: string, seconds: number, rate = 30) =>
  lavfi(`testsrc2=size=${size}:rate=${rate}:duration=${seconds}`);
const tone = (seconds: number, hz = 440) => lavfi(`sine=frequency=${hz}:sample_rate=48000:duration=${seconds}`);
const bt709Tags = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
const h264 = (...more: string[]) => ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', ...more];
const aac = ['-c:a', 'aac', '-b:a', '96k', '-ac', '2'];

type Packet = { pts_time: string; flags: string; stream_index: number };
const packetsOf = async (file: string, stream = 'v'): Promise<Packet[]> => {
  const show = ['-select_streams', stream, '-show_entries', 'packet=stream_index,pts_time,flags', '-of', 'json'];
  return (JSON.parse((await run(binaries.ffprobe, ['-v', 'error', ...show, file])).stdout) as { packets: Packet[] })
    .packets;
};
const keyTimesOf = async (file: string) =>
  (await packetsOf(file)).filter(({ flags }) => flags.includes('K')).map(({ pts_time }) => Number(pts_time));
/** A hash of each decoded frame. */
const framesOf = async (file: string) => {
  const { stdout } = await run(binaries.ffmpeg, ['-v', 'error', '-i', file, '-map', '0:v:0', '-f', 'framemd5', '-']);
  return stdout.split('\n').flatMap((line) => (line.startsWith('#') || !line ? [] : [line.split(',').at(-1)!.trim()]));
};
const rung = (video: Video, name: string) => video.renditions.find((rendition) => rendition.name === name)!;

describe('a video that can be copied', () => {
  // Below the rung's bit rate, with key frames where encoded rungs would not have them.
  const options = (gop: number, ...more: string[]) => [
    ...h264(
      '-g',
      `${gop}`,
      '-keyint_min',
      `${gop}`,
      '-sc_threshold',
      '0',
      '-b:v',
      '400k',
      '-maxrate',
      '500k',
      '-bufsize',
      '500k',
    ),
    ...bt709Tags,
    ...more,
  ];
  const source = (name: string, gop: number, ...more: string[]) =>
    make(name, ...picture('640x360', 7), ...tone(7), ...options(gop, ...more), ...aac);

  it.each([
    ['without B-frames', '0'],
    ['with B-frames', '3'],
  ])('is copied, %s, and the other rungs have key frames at the same times', async (_, bf) => {
    const input = await source(`fits-${bf}.mp4`, 50, '-bf', bf);
    const seen: Video[] = [];
    const video = await derive(input, async (early) => void seen.push(early));

    expect(seen.map(({ renditions }) => renditions.map(({ name }) => name))).toEqual([['360p']]);
    expect(seen[0]!.poster.outputs.length).toBeGreaterThan(3);
    expect(video.renditions.map(({ name }) => name)).toEqual(['144p', '240p', '360p']);
    expect(await framesOf(rung(video, '360p').path)).toEqual(await framesOf(input));
    for (const { segments } of video.renditions) {
      expect(segments.map(({ durationMs }) => Math.round(durationMs))).toEqual([5000, 2000]);
    }
    const starts = await Promise.all(video.renditions.map(async ({ path: file }) => keyTimesOf(file)));
    const copied = starts.at(-1)!;
    for (const keys of starts) {
      expect(keys[0]).toBeCloseTo(copied[0]!, 3);
      for (const key of keys) expect(copied.some((other) => Math.abs(other - key) < 0.002)).toBe(true);
    }
    const text = (await readFile(rung(video, '360p').path)).toString('latin1');
    expect(text).not.toContain('x264 - core');
  });

  it.each([
    [
      'too many bits',
      () => source('rich.mp4', 50, '-b:v', '2M', '-minrate', '2M', '-maxrate', '2M', '-nal-hrd', 'cbr'),
    ],
    ['too few key frames', () => source('rare.mp4', 210)],
    ['open groups of pictures', () => source('open.mp4', 50, '-bf', '3', '-x264-params', 'open-gop=1')],
    ['ten bits', () => source('deep.mp4', 50, '-pix_fmt', 'yuv420p10le')],
    ['interlaced lines', () => source('interlaced.mp4', 50, '-flags', '+ilme+ildct', '-x264-params', 'tff=1')],
    [
      'a variable frame rate',
      () =>
        make(
          'uneven.mp4',
          ...picture('640x360', 7),
          '-vf',
          "select='mod(n,7)',setpts=PTS+random(0)*0.02/TB",
          '-fps_mode',
          'vfr',
          ...options(50),
        ),
    ],
  ])('is encoded if it has %s', async (_, makeSource) => {
    const input = await makeSource();
    const frames = await framesOf(input);
    const video = await derive(input);
    expect(await framesOf(rung(video, '360p').path)).not.toEqual(frames);
    const [first, ...others] = video.renditions.map(({ segments }) => segments.map(({ durationMs }) => durationMs));
    for (const other of others) expect(other).toEqual(first);
  });
});

describe('a video that takes long to encode', () => {
  it('can be played before all rungs are finished, and its first rung does not change', async () => {
    const noise = 'testsrc2=size=1280x720:rate=30:duration=8,noise=alls=20:allf=t';
    const input = await make('long.mp4', ...lavfi(noise), ...tone(8), ...h264('-b:v', '8M'), ...aac);
    const seen: string[][] = [];
    let early: Buffer | undefined;
    const video = await derive(input, async (part) => {
      seen.push(part.renditions.map(({ name }) => name));
      expect(part.storyboard).toHaveLength(1);
      expect(part.poster.outputs.length).toBeGreaterThan(3);
      early = await readFile(part.renditions[0]!.path);
    });
    expect(seen).toEqual([['360p']]);
    expect(video.renditions.map(({ name }) => name)).toEqual(['144p', '240p', '360p', '480p', '720p']);
    expect(early!.equals(await readFile(rung(video, '360p').path))).toBe(true);
    const borders = video.renditions.map(({ segments }) => segments.map(({ durationMs }) => durationMs));
    for (const lengths of borders) expect(lengths).toEqual(borders[0]);
  });

  it('is encoded in one run if it is short', async () => {
    const input = await make('short.mp4', ...picture('640x360', 2), ...h264());
    await derive(input, () => Promise.reject(new Error('nothing to gain')));
  });
});

describe('tracks', () => {
  let video: Video;
  beforeAll(async () => {
    await writeFile(path.join(dir, 'one.srt'), '1\n00:00:00,500 --> 00:00:01,500\nHello <b>there</b>\n');
    const input = await make(
      'tracks.mkv',
      ...[...picture('320x240', 4), ...tone(4, 300), ...tone(4, 900), '-i', 'one.srt', '-i', 'one.srt'],
      ...['-map', '0', '-map', '1', '-map', '2', '-map', '3', '-map', '4', ...h264(), ...aac],
      ...['-c:s:0', 'srt', '-c:s:1', 'ass', '-metadata:s:s:0', 'language=ger', '-metadata:s:s:1', 'language=ger'],
      ...['-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=fre', '-metadata:s:a:1', 'title=Commentary'],
    );
    video = await derive(input);
  });

  it('of sound: the main one alone, and every other one', async () => {
    expect(video.sounds.map(({ name, isMain, language, title }) => ({ name, isMain, language, title }))).toEqual([
      { name: 'audio', isMain: true, language: 'en', title: null },
      { name: 'audio2', isMain: false, language: 'fr', title: 'Commentary' },
    ]);
    const pitch = async (file: string) => {
      const filter = ['-af', 'highpass=f=600,volumedetect', '-f', 'null', '-'];
      const { stderrTail } = await run(binaries.ffmpeg, ['-v', 'info', '-nostats', '-i', file, ...filter]);
      return Number(/mean_volume: (-?[\d.]+) dB/.exec(stderrTail)![1]);
    };
    const [main, other] = await Promise.all(video.sounds.map(({ path: file }) => pitch(file)));
    expect(other! - main!, 'the high tone is in the second alone').toBeGreaterThan(8);
    for (const { codecs, segments, bitrate } of video.sounds) {
      expect(codecs).toBe('mp4a.40.2');
      expect(segments[0]!.keyBytes).toBeUndefined();
      expect(bitrate).toBeLessThan(150_000);
    }
  });

  it('of subtitles, as clean WebVTT with unique names', async () => {
    expect(video.subtitles.map(({ language, cues }) => ({ language, cues }))).toEqual([
      { language: 'de', cues: 1 },
      { language: 'de-x-2', cues: 1 },
    ]);
    // Sound that begins before 0, by its priming, shifts all other tracks.
    expect(await readFile(video.subtitles[0]!.path, 'utf8')).toMatch(
      /^WEBVTT\n\n00:00:00.5[0-2]\d --> 00:00:01.5[0-2]\d\nHello <b>there<\/b>\n$/,
    );
  });
});

it('begins each segment with a picture that decodes by itself', async () => {
  const video = await derive(await make('keys.mp4', ...picture('320x240', 9), ...tone(9), ...h264(), ...aac));
  for (const { path: file, initBytes, segments } of video.renditions) {
    const bytes = await readFile(file);
    for (const { offset, keyBytes } of segments) {
      const alone = path.join(dir, 'key.mp4');
      await writeFile(alone, Buffer.concat([bytes.subarray(0, initBytes), bytes.subarray(offset, offset + keyBytes!)]));
      const { stdout } = await run(binaries.ffmpeg, [
        ...['-v', 'quiet', '-i', alone, '-map', '0:v', '-frames:v', '1', '-f', 'framemd5', '-'],
      ]);
      expect(stdout.split('\n').filter((line) => line && !line.startsWith('#'))).toHaveLength(1);
      expect(keyBytes).toBeLessThan(segments[0]!.bytes);
    }
  }
});

it('has the pictures of the right times on the storyboard', async () => {
  // Red for two seconds, then green, then blue.
  const colours = ['red', 'lime', 'blue'].map((name) => `color=${name}:size=320x180:rate=25:duration=2`);
  const graph = `${colours.map((colour, i) => `${colour}[c${i}]`).join(';')};[c0][c1][c2]concat=n=3`;
  const { storyboard } = await derive(await make('colours.mp4', ...lavfi(graph), ...h264()));
  const [sheet] = storyboard;
  expect(sheet).toMatchObject({ width: 960, height: 90, tiles: { intervalMs: 1000, columns: 6, rows: 1 } });
  const strongest: number[] = [];
  for (let i = 0; i < 6; i++) {
    const tile = await sharp(sheet!.path)
      .extract({ left: i * 160, top: 0, width: 160, height: 90 })
      .toBuffer();
    const means = (await sharp(tile).stats()).channels.map(({ mean }) => mean);
    strongest.push(means.indexOf(Math.max(...means)));
  }
  expect(strongest).toEqual([0, 0, 1, 1, 2, 2]);
});

it('keeps sound and picture in sync', async () => {
  // A flash and a click at the same moments.
  const flash =
    "color=black:size=640x360:rate=30:duration=9,drawbox=color=white:t=fill:enable='lt(mod(t+0.0001,3),0.2)'";
  const click = "aevalsrc='if(lt(mod(t,3),0.2),sin(2*PI*1000*t),0)':s=48000:d=9";
  const encoded = await make('flash.mp4', ...lavfi(flash), ...lavfi(click), ...h264('-b:v', '8M'), ...aac);
  const copied = await make(
    'flash-copied.mp4',
    ...lavfi(flash),
    ...lavfi(click),
    ...h264('-g', '60', '-bf', '2'),
    ...bt709Tags,
    ...aac,
  );
  for (const input of [encoded, copied]) {
    for (const { path: file, name } of (await derive(input)).renditions) {
      const log = path.join(dir, 'log.txt');
      await run(binaries.ffmpeg, [
        ...['-v', 'error', '-i', file, '-vf', `signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=${log}.v`],
        ...[
          '-af',
          `asetnsamples=240,astats=metadata=1:reset=1,ametadata=print:key=lavfi.astats.Overall.RMS_level:file=${log}.a`,
        ],
        ...['-f', 'null', '-'],
      ]);
      const rises = async (log: string, isHigh: (value: number) => boolean) => {
        const values = [...(await readFile(log, 'utf8')).matchAll(/pts_time:([\d.]+)\s+lavfi\.[^=]+=(\S+)/g)];
        return values.flatMap(([, at, value], i) =>
          isHigh(Number(value)) && (i === 0 || !isHigh(Number(values[i - 1]![2]))) ? [Number(at)] : [],
        );
      };
      const seen = await rises(`${log}.v`, (luma) => luma > 100);
      const heard = await rises(`${log}.a`, (level) => level > -25);
      expect([seen.length, heard.length], name).toEqual([3, 3]);
      seen.forEach((at, i) => expect(Math.abs(at - heard[i]!), `${name} at ${at}`).toBeLessThanOrEqual(0.04));
    }
  }
});
