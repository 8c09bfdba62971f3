import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveMusic } from '../audio/audio.js';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import type { Context } from '../run/context.js';
import { run } from '../run/process.js';
import { deriveVideo } from '../video/video.js';

/** Files that ordinary players play, although something about them is unusual. */
let dir: string;
let binaries: Binaries;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'ordinary-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const make = async (name: string, ...args: string[]) => {
  await run(binaries.ffmpeg, ['-v', 'error', '-y', ...args, name], { cwd: dir });
  return path.join(dir, name);
};
const context = (): Context => ({ binaries, threads: 2, signal: AbortSignal.timeout(60_000) });
const derive = (input: string) => deriveVideo(input, path.join(dir, `out-${++count}`), context());
const deriveSound = (input: string) =>
  deriveMusic(input, path.join(dir, `out-${++count}`), { maxBytes: 1e6, maxPixels: 1e6, maxFrames: 1 }, context());
const lavfi = (graph: string) => ['-f', 'lavfi', '-i', graph];
const clip = (seconds: number, rate: string | number = 25, size = '160x90') =>
  lavfi(`testsrc2=size=${size}:rate=${rate}:duration=${seconds}`);
const tone = (seconds: number) => lavfi(`sine=sample_rate=44100:duration=${seconds}`);
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
/** Packet times as an expression of https://ffmpeg.org/ffmpeg-bitstream-filters.html#setts, in ms. */
const times = (expression: string) => ['-bf', '0', '-bsf:v', `setts=time_base=1/1000:${expression}`];

describe('the length', () => {
  it.each([
    ['8.8 frames a second', 'slow.mp4', [...clip(2, '44/5'), ...h264, '-bf', '2', '-bsf:v', 'setts=duration=DURATION']],
    ['a last picture that is declared to last longer', 'last.mp4', [...clip(2), ...h264, ...lastFor('250')]],
    ['no key frame at the start', 'late.mkv', [...clip(2), ...h264, '-g', '10', '-bsf:v', 'noise=drop=lt(n\\,12)']],
    ['pictures with the same time stamp', 'pairs.mkv', [...clip(1), ...h264, ...times('ts=floor(N/2)*80')]],
    [
      'pictures far apart and with the same time stamp',
      'far.mkv',
      [...clip(0.8), ...h264, ...times('ts=floor(N/2)*3200')],
    ],
    ['a clock that goes back', 'back.mkv', [...clip(2), ...h264, ...times('ts=N*40-if(gt(N\\,30)\\,400\\,0)')]],
    ['pictures that begin late', 'begin.mp4', [...tone(3), '-itsoffset', '1.5', ...clip(1), ...h264]],
    ['sound that goes on', 'sound.mp4', [...tone(3), ...clip(1), ...h264]],
    ['one picture every ten seconds', 'lapse.mp4', [...clip(30, '1/10'), ...h264]],
  ])('of a file with %s is that of its content', async (_, name, args) => {
    const { facts, renditions } = await derive(await make(name, ...args));
    const [rung] = renditions;
    const tolerance = Math.max(2000 / facts.fps, facts.durationMs / 100, 250);
    expect(Math.abs(rung!.durationMs - facts.durationMs)).toBeLessThanOrEqual(tolerance);
    expect(facts.warnings).toEqual([]);
  });

  function lastFor(ms: string) {
    return ['-bf', '2', '-bsf:v', `setts=time_base=1/1000:pts=PTS*40:dts=DTS*40:duration=if(eq(N\\,49)\\,${ms}\\,40)`];
  }
});

describe('a transport stream', () => {
  const codecs = [...h264, '-c:a', 'aac', '-f', 'mpegts'];

  it('of a camcorder', async () => {
    const input = await make('cam.mts', ...clip(2), ...tone(2), ...codecs, '-mpegts_m2ts_mode', '1');
    const { facts } = await derive(input);
    expect(facts).toMatchObject({ videoCodec: 'h264', audioCodec: 'aac', fps: 25, warnings: [] });
    expect(Math.abs(facts.durationMs - 2000)).toBeLessThanOrEqual(60);
  });

  it('that was joined from two, whose clock therefore restarts', async () => {
    const one = await readFile(await make('one.ts', ...clip(2), ...tone(2), ...codecs));
    const file = path.join(dir, 'two.ts');
    await writeFile(file, Buffer.concat([one, one]));
    const { facts, renditions } = await derive(file);
    expect(Math.abs(facts.durationMs - 4000)).toBeLessThanOrEqual(100);
    expect(Math.abs(renditions[0]!.durationMs - 4000)).toBeLessThanOrEqual(100);
    const limited = { ...context(), maxDurationMs: 3000 };
    await expect(deriveVideo(file, path.join(dir, 'limited'), limited)).rejects.toMatchObject({ code: 'too_long' });
  });

  it('whose pictures begin long after its sound', async () => {
    const input = await make('later.ts', ...tone(12), '-itsoffset', '10', ...clip(1), ...codecs);
    expect((await derive(input)).facts).toMatchObject({ videoCodec: 'h264', warnings: [] });
  });

  it('with its own character table', async () => {
    const codecs = ['-c:v', 'mpeg2video', '-metadata', 'service_name=Télé'];
    expect((await derive(await make('named.ts', ...clip(1), ...codecs))).facts.videoCodec).toBe('mpeg2video');
  });
});

it('MPEG-PS in which not every picture has a timestamp keeps its frame rate', async () => {
  // So little data that many pictures share a packet, which has one timestamp.
  const grey = lavfi('color=gray:size=64x48:rate=25:duration=1');
  const input = await make('untimed.mpg', ...grey, ...tone(1), '-c:v', 'mpeg1video', '-bf', '0');
  const { facts, renditions } = await derive(input);
  expect(facts.fps).toBe(25);
  expect(renditions[0]!.fps).toBe(25);
});

describe('several video streams', () => {
  const still = lavfi('color=red:size=320x240:rate=1:duration=1');
  const both = ['-map', '0', '-map', '1', ...h264];
  it.each([
    ['the default is a still', 'still.mkv', ['-disposition:v:0', 'default', '-disposition:v:1', '0']],
    ['the default is a still', 'still.mp4', ['-disposition:v:0', 'default', '-disposition:v:1', '0']],
    ['none is the default', 'none.mkv', ['-disposition:v:0', '0', '-disposition:v:1', '0']],
  ])('%s: the clip plays (%s)', async (_, name, dispositions) => {
    const { facts } = await derive(await make(name, ...still, ...clip(2), ...both, ...dispositions));
    expect(facts).toMatchObject({ width: 160, height: 90, durationMs: 2000, fps: 25 });
  });

  it('the default plays, then the one with more frames, then the larger', async () => {
    const preview = clip(1, 25, '320x180');
    const flags = (first: string, second: string) => ['-disposition:v:0', first, '-disposition:v:1', second];
    const chosen = async (name: string, args: string[]) => (await derive(await make(name, ...args))).facts.width;
    expect(await chosen('a.mkv', [...preview, ...clip(2), ...both, ...flags('default', '0')])).toBe(320);
    expect(await chosen('b.mkv', [...preview, ...clip(2), ...both, ...flags('0', '0')])).toBe(160);
    expect(await chosen('c.mkv', [...clip(1), ...preview, ...both, ...flags('0', '0')])).toBe(320);
  });
});

describe('a truncated file', () => {
  const cut = async (file: string, share: number) => {
    const whole = await readFile(file);
    const name = path.join(dir, `cut-${share}-${path.basename(file)}`);
    await writeFile(name, whole.subarray(0, Math.floor(whole.length * share)));
    return name;
  };
  const faststart = ['-movflags', '+faststart'];
  it.each([
    ['mp4', [...clip(10), ...h264, ...faststart]],
    ['mkv', [...clip(10), ...h264]],
  ])('plays, with a warning, if less than a tenth is missing: %s', async (extension, args) => {
    const whole = await make(`whole.${extension}`, ...args);
    const { facts } = await derive(await cut(whole, 0.95));
    expect(facts.warnings).toMatchObject([{ code: 'truncated' }]);
    expect(facts.durationMs).toBeGreaterThan(9000);
    expect(facts.durationMs).toBeLessThan(9800);
    await expect(derive(await cut(whole, 0.8))).rejects.toMatchObject({ code: 'corrupt_input' });
  });

  it.each([
    ['m4a', ['-c:a', 'aac', ...faststart]],
    ['flac', ['-c:a', 'flac']],
    ['aiff', ['-c:a', 'pcm_s16be']],
  ])('the same for music: %s', async (extension, args) => {
    const whole = await make(`song.${extension}`, ...tone(20), ...args);
    expect((await deriveSound(await cut(whole, 0.95))).facts.warnings).toMatchObject([{ code: 'truncated' }]);
    await expect(deriveSound(await cut(whole, 0.8))).rejects.toMatchObject({ code: 'corrupt_input' });
  });
});

it('a header that declares too long a duration is not damage', async () => {
  const bytes = await readFile(await make('declared.mkv', ...clip(2), ...h264));
  // Matroska's duration is a float of ms (RFC 9559, 5.1.2.10), repeated as text, which takes precedence.
  bytes.writeDoubleBE(60_000, bytes.indexOf(Buffer.of(0x44, 0x89, 0x88)) + 3);
  bytes.write('00:01:00.000000000', bytes.indexOf('00:00:02.0'), 'latin1');
  const file = path.join(dir, 'exaggerated.mkv');
  await writeFile(file, bytes);
  const { facts } = await derive(file);
  expect(facts).toMatchObject({ durationMs: 2000, warnings: [{ code: 'wrong_duration' }] });
});

it('a single picture lasts as long as the header declares', async () => {
  const bytes = await readFile(await make('one.webm', ...clip(0.04), '-c:v', 'libvpx', '-bsf:v', 'setts=duration=0'));
  bytes.writeDoubleBE(1_000, bytes.indexOf(Buffer.of(0x44, 0x89, 0x88)) + 3);
  bytes.write('00:00:01.000000000', bytes.indexOf('00:00:00.0'), 'latin1');
  // The other source of it, the track's default, becomes a void of the same size (RFC 9559, 5.1.4.1.13).
  bytes.set([0xec, 0x86], bytes.indexOf(Buffer.of(0x23, 0xe3, 0x83, 0x84)));
  const file = path.join(dir, 'only.webm');
  await writeFile(file, bytes);
  const { facts, renditions } = await derive(file);
  expect(facts).toMatchObject({ durationMs: 1000, warnings: [] });
  expect(renditions[0]!.durationMs).toBe(1000);
});

it('browser recordings have the duration of their packets', async () => {
  const record = async (name: string, ...args: string[]) => make(name, ...args, '-live', '1', '-f', 'webm');
  const video = await record('seen.webm', ...clip(2), ...tone(2), '-c:v', 'libvpx', '-c:a', 'libopus');
  const sound = await record('heard.webm', ...tone(2), '-c:a', 'libopus');
  expect((await derive(video)).facts).toMatchObject({ durationMs: expect.closeTo(2000, -2), warnings: [] });
  expect((await deriveSound(sound)).facts).toMatchObject({ durationMs: expect.closeTo(2000, -2), warnings: [] });
});
