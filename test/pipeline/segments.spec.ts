import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { underCpuLoad } from '../setup/cpu-load.js';
import { incompleteSegments } from '../setup/segment-spans.js';
import { resolveBinaries, type Binaries } from '../../src/processing/run/binaries.js';
import { run } from '../../src/processing/run/process.js';
import { deriveVideo, type Stream, type Video } from '../../src/processing/video/video.js';

let dir: string;
let binaries: Binaries;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'video-segments-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const make = async (name: string, ...args: string[]) => {
  await run(binaries.ffmpeg, ['-v', 'error', '-y', ...args, name], { cwd: dir });
  return path.join(dir, name);
};
const derive = (input: string, onPlayable?: (video: Video) => Promise<void>) =>
  deriveVideo(
    input,
    path.join(dir, `out-${++count}`),
    { binaries, threads: 2, niceness: 0, signal: AbortSignal.timeout(200_000) },
    onPlayable,
  );
const faultsIn = async (streams: Stream[]) =>
  Object.fromEntries(
    (
      await Promise.all(
        streams.map(async (stream) => [stream.name, await incompleteSegments(stream.path, stream)] as const),
      )
    ).filter(([, faults]) => faults.length),
  );

const picture = (size: string, seconds: number, rate = 30) => [
  '-f',
  'lavfi',
  '-i',
  `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`,
];
const tone = (seconds: number) => ['-f', 'lavfi', '-i', `sine=sample_rate=48000:duration=${seconds}`];
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
const aac = ['-c:a', 'aac', '-b:a', '96k', '-ac', '2'];

describe('each segment contains sound and pictures for its whole duration', () => {
  it('in the first rung and the others, under CPU load', async () => {
    const input = await make('long.mp4', ...picture('1280x720', 30, 10), ...tone(30), ...h264, '-b:v', '8M', ...aac);
    const first: Stream[] = [];
    const video = await underCpuLoad(() => derive(input, async ({ renditions }) => void first.push(...renditions)));
    expect(first.map(({ name }) => name)).toEqual(['360p']);
    expect(await faultsIn([...video.renditions, ...video.sounds])).toEqual({});
  }, 240_000);

  it.each<[string, string, string[], ...string[]]>([
    ['that ends long before the picture', 'mkv', tone(3)],
    ['that begins after the picture', 'mp4', ['-itsoffset', '5', ...tone(15)]],
    ['far after the pictures in the file', 'mkv', tone(20), '-max_interleave_delta', '1'],
  ])('with sound %s', async (_, container, sound, ...more) => {
    const input = await make(
      `sound-${count}.${container}`,
      ...picture('320x240', 20),
      ...sound,
      ...h264,
      ...aac,
      ...more,
    );
    const video = await derive(input);
    expect(await faultsIn([...video.renditions, ...video.sounds])).toEqual({});
    // AAC has whole frames of 21 ms, also before the start and at the end.
    for (const { durationMs } of video.sounds) expect(Math.abs(durationMs - 20_000)).toBeLessThan(70);
  });

  it.each([5, 2, 1, 0.5])(
    'at %d pictures a second, with B-frames that are decoded long before presentation',
    async (rate) => {
      const name = `slow-${rate}.mp4`;
      const video = await derive(await make(name, ...picture('320x240', 20, rate), ...tone(20), ...h264, ...aac));
      expect(await faultsIn([...video.renditions, ...video.sounds])).toEqual({});
    },
  );

  describe('in a rung that is copied', () => {
    const copyable = (name: string, ...sound: string[]) => {
      const bt709Tags = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
      const rate = [
        '-b:v',
        '400k',
        '-maxrate',
        '500k',
        '-bufsize',
        '500k',
        '-bf',
        '2',
        '-g',
        '60',
        '-keyint_min',
        '60',
      ];
      return make(
        name,
        ...picture('640x360', 21),
        ...sound,
        ...h264,
        ...rate,
        '-sc_threshold',
        '0',
        ...bt709Tags,
        ...aac,
      );
    };
    const soundPackets = async (file: string) => {
      const args = ['-v', 'error', '-i', file, '-map', '0:a', '-c', 'copy', '-f', 'framemd5', '-'];
      const { stdout } = await run(binaries.ffmpeg, args);
      return stdout.split('\n').flatMap((line) => (/^\d/.test(line) ? [line.split(',').at(-1)!] : []));
    };

    it.each([
      ['sound that lasts as long', tone(21), true],
      ['sound that ends early', tone(4), false],
      ['sound that begins late', ['-itsoffset', '0.5', ...tone(20)], false],
    ])('with %s', async (name, sound, isCopied) => {
      const input = await copyable(`${name}.mp4`, ...sound);
      const seen: string[][] = [];
      const video = await derive(input, async ({ renditions }) => void seen.push(renditions.map(({ name }) => name)));
      expect(seen).toEqual([['360p']]);
      expect(await faultsIn([...video.renditions, ...video.sounds])).toEqual({});
      const copied = await soundPackets(video.renditions.at(-1)!.path);
      expect(copied.join() === (await soundPackets(input)).join()).toBe(isCopied);
    });
  });
});
