import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import type { Context } from '../run/context.js';
import { probe } from '../run/probe.js';
import { run } from '../run/process.js';
import { deriveVideo } from './video.js';

let dir: string;
let binaries: Binaries;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'video-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const make = async (name: string, ...args: string[]) => {
  await run(binaries.ffmpeg, ['-v', 'error', '-y', ...args, name], { cwd: dir });
  return path.join(dir, name);
};
const context = (): Context => ({ binaries, threads: 2, signal: AbortSignal.timeout(30_000) });
const derive = (input: string, ctx = context()) => deriveVideo(input, path.join(dir, `out-${++count}`), ctx);
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
const lavfi = (graph: string) => ['-f', 'lavfi', '-i', graph];
const source = (size: string, seconds: number, rate = 25) =>
  lavfi(`testsrc2=size=${size}:rate=${rate}:duration=${seconds}`);
const tone = (seconds: number) => lavfi(`sine=sample_rate=44100:duration=${seconds}`);

it('makes an aligned ladder and a poster, and reports progress', async () => {
  const input = await make('plain.mp4', ...tone(5), ...source('640x360', 5, 30), '-map', '0', '-map', '1', ...h264);
  const seen: number[] = [];
  const video = await derive(input, { ...context(), onProgress: (p) => seen.push(p) });

  expect(video.renditions.map((r) => `${r.name} ${r.width}x${r.height}`)).toEqual([
    '144p 256x144',
    '240p 426x240',
    '360p 640x360',
  ]);
  for (const rendition of video.renditions) {
    expect(rendition.segments.map((s) => s.durationMs)).toEqual([4000, 1000]);
    expect(rendition.codecs).toMatch(/^avc1\.64[0-9a-f]{4},mp4a\.40\.2$/);
    expect(rendition.bytes).toBe((await readFile(rendition.path)).length);
    const last = rendition.segments.at(-1)!;
    expect(last.offset + last.bytes).toBeLessThanOrEqual(rendition.bytes);
    const made = await probe(rendition.path, context());
    expect(made).toMatchObject({
      video: { codec: 'h264', pixFmt: 'yuv420p', width: rendition.width, height: rendition.height, fps: 30 },
      audio: { codec: 'aac', channels: 2, sampleRate: 48_000 },
    });
    expect(Math.abs(made.durationMs! - 5000)).toBeLessThanOrEqual(100);
  }
  expect(video.facts).toMatchObject({
    width: 640,
    height: 360,
    fps: 30,
    hasAudio: true,
    videoCodec: 'h264',
    audioCodec: 'aac',
  });
  expect(video.poster.outputs.find((o) => o.name === 'large')).toMatchObject({ width: 640, height: 360 });
  expect(seen.at(-1)).toBe(1);
});

it('makes segments that play by themselves', async () => {
  const input = await make('segments.mp4', ...source('256x144', 5), ...h264);
  const [rendition] = (await derive(input)).renditions;
  const bytes = await readFile(rendition!.path);
  const { offset, bytes: length } = rendition!.segments[1]!;
  const alone = Buffer.concat([bytes.subarray(0, rendition!.initBytes), bytes.subarray(offset, offset + length)]);
  const file = path.join(dir, 'alone.mp4');
  await writeFile(file, alone);
  const args = ['-v', 'error', '-count_frames', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', file];
  expect(Number((await run(binaries.ffprobe, args)).stdout.trim())).toBe(25);
});

it('rotates a silent video with odd sides upright', async () => {
  // The left half red, so that it is the top once turned clockwise.
  const halves =
    'color=red:size=160x241:duration=1,format=yuv444p[l];color=blue:size=161x241:duration=1,format=yuv444p[r];[l][r]hstack';
  const lying = await make('lying.mp4', '-f', 'lavfi', '-i', halves, '-c:v', 'libx264', '-pix_fmt', 'yuv444p');
  const input = await make('turned.mp4', '-display_rotation:v:0', '-90', '-i', lying, '-c', 'copy');
  const video = await derive(input);
  expect(video.facts).toMatchObject({ width: 241, height: 321, rotation: 90, hasAudio: false, audioCodec: null });
  expect(video.renditions.map((r) => `${r.name} ${r.width}x${r.height}`)).toEqual(['144p 144x192', '240p 240x320']);
  expect(video.renditions[0]!.codecs).not.toContain('mp4a');
  const large = video.poster.outputs.find((o) => o.name === 'large')!;
  expect([large.width, large.height]).toEqual([241, 321]);
  const top = await sharp(large.path).extract({ left: 20, top: 20, width: 200, height: 50 }).png().toBuffer();
  const [red, , blue] = (await sharp(top).stats()).channels;
  expect(red!.mean).toBeGreaterThan(200);
  expect(blue!.mean).toBeLessThan(50);
  for (const { path: file } of video.renditions) {
    expect((await probe(file, context())).video).toMatchObject({ rotation: 0, pixFmt: 'yuv420p' });
  }
});

/** Mean red, green and blue of the left and of the right half of a picture, as a player converts it to RGB. */
const meansOf = async (file: string) => {
  const raw = ['-frames:v', '1', '-pix_fmt', 'rgb24', '-update', '1'];
  const still = await make(`still-${++count}.png`, '-i', file, ...raw);
  const { width, height } = await sharp(still).metadata();
  const half = Math.floor(width / 2);
  const halves = [0, width - half].map((left) =>
    sharp(still).extract({ left, top: 0, width: half, height }).toBuffer(),
  );
  const stats = await Promise.all((await Promise.all(halves)).map((part) => sharp(part).stats()));
  return stats.flatMap(({ channels }) => channels.slice(0, 3).map(({ mean }) => mean));
};
const tagsOf = async (file: string) => {
  const show = ['-show_entries', 'stream=color_range,color_space,color_transfer,color_primaries', '-of', 'json'];
  const { stdout } = await run(binaries.ffprobe, ['-v', 'error', '-select_streams', 'v', ...show, file]);
  return JSON.parse(stdout).streams[0] as unknown;
};
const bt709 = { color_range: 'tv', color_space: 'bt709', color_transfer: 'bt709', color_primaries: 'bt709' };

it.each([
  ['PQ', 'smpte2084'],
  ['HLG', 'arib-std-b67'],
])('converts HDR (%s) to the colours of SDR', async (_, transfer) => {
  // Colours and brightness that both can show, so both must look alike.
  const bars = 'color=0x804020:size=160x144:duration=1[a];color=0x206080:size=160x144:duration=1[b];[a][b]hstack';
  const sdr = await make(
    'sdr.mp4',
    '-f',
    'lavfi',
    '-i',
    `${bars},scale=out_color_matrix=bt709:out_range=tv,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709,format=yuv420p`,
    '-c:v',
    'libx264',
    '-crf',
    '5',
  );
  const up = `zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt2020,zscale=t=${transfer}:m=bt2020nc:r=tv:npl=100,format=yuv420p10le`;
  const x265 = `log-level=none:colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc:range=limited`;
  const hdr = await make(`${transfer}.mp4`, '-i', sdr, '-vf', up, '-c:v', 'libx265', '-crf', '5', '-x265-params', x265);
  expect(await tagsOf(hdr)).toMatchObject({ color_transfer: transfer, color_primaries: 'bt2020' });

  const expected = await meansOf(sdr);
  const video = await derive(hdr);
  const shown = [...video.renditions.map((r) => r.path), video.poster.outputs[0]!.path];
  for (const file of shown) {
    const means = await meansOf(file);
    means.forEach((mean, i) => expect(Math.abs(mean - expected[i]!), `${means} for ${expected}`).toBeLessThan(8));
  }
  for (const { path: file } of video.renditions) expect(await tagsOf(file)).toEqual(bt709);
});

it.each([
  ['declared BT.601', 'smpte170m', ['-colorspace', 'smpte170m']],
  ['undeclared BT.601 of a small video', 'smpte170m', []],
  ['declared BT.709', 'bt709', ['-colorspace', 'bt709']],
])('keeps the colours of %s, and declares BT.709', async (_, matrix, declared) => {
  const graph = `color=0xd02030:size=320x240:duration=1,scale=out_color_matrix=${matrix}:out_range=tv,format=yuv420p`;
  const input = await make(`matrix-${++count}.mp4`, ...lavfi(graph), '-c:v', 'libx264', '-crf', '5', ...declared);
  const video = await derive(input);
  for (const file of [...video.renditions.map((r) => r.path), video.poster.outputs[0]!.path]) {
    const means = await meansOf(file);
    [0xd0, 0x20, 0x30].forEach((value, i) => expect(Math.abs(means[i]! - value), `${means}`).toBeLessThan(6));
  }
  for (const { path: file } of video.renditions) expect(await tagsOf(file)).toEqual(bt709);
});

it('does not choose a black frame for the poster', async () => {
  const scenes = 'color=black:size=128x96:duration=3[b];testsrc2=size=128x96:duration=1[t];[b][t]concat';
  const input = await make('dark.mp4', '-f', 'lavfi', '-i', scenes, ...h264);
  const { poster } = await derive(input);
  const { channels } = await sharp(poster.outputs[0]!.path).stats();
  expect(Math.max(...channels.map((c) => c.mean))).toBeGreaterThan(60);
});

it('holds the last picture if sound lasts longer', async () => {
  const input = await make('long-sound.mp4', ...source('64x48', 1), ...tone(3), ...h264);
  const video = await derive(input);
  expect(video.renditions[0]).toMatchObject({ durationMs: 3000, name: '144p', width: 64, height: 48 });
});

it('loses no picture of a file whose header has no duration', async () => {
  const input = await make('counted.mpg', ...source('160x120', 2), '-c:v', 'mpeg2video', '-bf', '2', '-f', 'vob');
  const video = await derive(input);
  expect(video.facts.durationMs).toBe(2000);
});

it('fails if half of the file is missing', async () => {
  const whole = await readFile(await make('whole.mp4', ...source('320x240', 6), ...h264, '-movflags', '+faststart'));
  const file = path.join(dir, 'cut.mp4');
  await writeFile(file, whole.subarray(0, Math.floor(whole.length / 2)));
  await expect(derive(file)).rejects.toMatchObject({ code: 'corrupt_input', permanent: true });
});

it('stops when aborted', async () => {
  const input = await make('stop.mp4', ...source('640x360', 20), ...h264);
  const abort = new AbortController();
  const reason = new Error('deleted meanwhile');
  setTimeout(() => abort.abort(reason), 300);
  await expect(derive(input, { ...context(), signal: abort.signal })).rejects.toBe(reason);
});
