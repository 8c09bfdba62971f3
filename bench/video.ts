import { mkdir, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../src/processing/run/context.js';
import { resolveBinaries } from '../src/processing/run/binaries.js';
import { deriveVideo } from '../src/processing/video/video.js';
import { asNice } from './bare.js';
import { atMost, inTurns, report, wallOf, type Settings } from './measure.js';
import { clip, saved, withFolder } from './media.js';

const size = '1920x1080';
const seconds = 12;
/** That of the express lane, which our jobs use here. */
const niceness = 10;
const rungs = [
  { name: '144p', size: '256:144', rate: 110, audio: 48 },
  { name: '240p', size: '426:240', rate: 340, audio: 64 },
  { name: '360p', size: '640:360', rate: 856, audio: 96 },
  { name: '480p', size: '854:480', rate: 1498, audio: 128 },
  { name: '720p', size: '1280:720', rate: 2996, audio: 128 },
  { name: '1080p', size: '1920:1080', rate: 5350, audio: 192 },
];

/** A source that must be encoded, and one that can be copied to its rung. */
const sources = {
  encoded: ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '250', '-c:a', 'libmp3lame'],
  copied: [
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-b:v', '4000k', '-maxrate', '5000k'],
    ...['-bufsize', '5000k', '-g', '60', '-flags', '+cgop', '-sc_threshold', '0'],
  ],
};

/** The ladder against one command that makes the same rungs, and the time until something is playable. */
export async function video({ pairs }: Settings): Promise<void> {
  const binaries = await resolveBinaries();
  const threads = Math.max(1, cpus().length - 1);
  const context = { binaries, threads, niceness, signal: new AbortController().signal };
  await withFolder(async (dir) => {
    const inside = async (work: (folder: string) => Promise<unknown>) => {
      const folder = join(dir, 'out');
      await mkdir(folder);
      const wall = await wallOf(() => work(folder));
      await rm(folder, { recursive: true });
      return wall;
    };
    const bare = (args: string[]) => () => inside((cwd) => asNice(binaries.ffmpeg, args, cwd, niceness));
    const input = await saved(dir, 'encoded.mp4', await clip(size, seconds, sources.encoded));
    const piece = await saved(dir, 'piece.mp4', await clip(size, seconds, [...sources.copied, '-an']));

    const ladder = bare(ladderCommand(input, threads));
    const derive = () => inside((folder) => deriveVideo(input, folder, context));
    const first = (source: string) => () => firstPlayable(source, dir, context);
    report('video ladder, wall', 's', await inTurns(pairs, derive, ladder), atMost(1.05));
    report('video first playable, encoded', 's', await inTurns(pairs, first(input), ladder), atMost(0.25));
    // Fixed costs, above all the poster, weigh more in a short video.
    for (const minutes of [4, 16]) {
      const long = join(dir, `${minutes}.mp4`);
      await asNice(binaries.ffmpeg, repeatCommand(piece, (minutes * 60) / seconds, long), dir, 0);
      const samples = await inTurns(pairs, first(long), bare(remuxCommand(long)));
      report(`video first playable, copied, ${minutes} min`, 's', samples, atMost(3));
      await rm(long);
    }
  });
}

class Enough extends Error {}

/** Time until there is something to publish, without waiting for the rest. */
async function firstPlayable(source: string, dir: string, context: Omit<Context, 'signal'>): Promise<number> {
  const folder = join(dir, 'first');
  const begun = performance.now();
  let wall = NaN;
  await deriveVideo(source, folder, { ...context, signal: new AbortController().signal }, () => {
    wall = (performance.now() - begun) / 1000;
    return Promise.reject(new Enough());
  }).catch((error: unknown) => {
    if (!(error instanceof Enough)) throw error;
  });
  await rm(folder, { recursive: true });
  return wall;
}

const start = ['-nostdin', '-hide_banner', '-loglevel', 'error'];
const hls = [
  ...['-f', 'hls', '-hls_time', '4', '-hls_playlist_type', 'vod', '-hls_segment_type', 'fmp4'],
  ...['-hls_flags', 'single_file+independent_segments', '-hls_segment_filename', '%v.mp4'],
];

/** One decode, one process; rate control, key frames and sound as ours. */
const ladderCommand = (input: string, threads: number): string[] => [
  ...[...start, '-threads', String(threads), '-i', input, '-filter_complex'],
  [
    `[0:v]split=${rungs.length}${rungs.map((_, i) => `[s${i}]`).join('')}`,
    ...rungs.map(({ size }, i) => `[s${i}]scale=${size}:flags=bicubic,setsar=1,format=yuv420p[v${i}]`),
    `[0:a]asplit=${rungs.length}${rungs.map((_, i) => `[a${i}]`).join('')}`,
  ].join(';'),
  ...rungs.flatMap((_, i) => ['-map', `[v${i}]`, '-map', `[a${i}]`]),
  ...rungs.flatMap(({ rate }, i) => [`-maxrate:v:${i}`, `${rate}k`, `-bufsize:v:${i}`, `${rate}k`]),
  ...rungs.flatMap(({ audio }, i) => [`-b:a:${i}`, `${audio}k`]),
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-crf', '23', '-threads:v', String(threads)],
  ...['-g', '60', '-flags:v', '+cgop', '-sc_threshold', '0', '-c:a', 'aac', '-ar', '48000', '-ac', '2', ...hls],
  ...['-var_stream_map', rungs.map(({ name }, i) => `v:${i},a:${i},name:${name}`).join(' '), '%v.m3u8'],
];

/** Repeats the pictures, with continuous sound. */
const repeatCommand = (piece: string, times: number, output: string): string[] => [
  ...[...start, '-stream_loop', String(times - 1), '-i', piece],
  ...['-f', 'lavfi', '-i', `sine=sample_rate=48000:duration=${times * seconds}`],
  ...['-map', '0:v', '-map', '1:a', '-c:v', 'copy', '-c:a', 'aac', '-ac', '2', '-b:a', '128k', '-shortest', output],
];

const remuxCommand = (input: string): string[] => [
  ...[...start, '-i', input, '-map', '0:v', '-map', '0:a', '-c', 'copy', ...hls],
  ...['-var_stream_map', 'v:0,a:0,name:1080p', '%v.m3u8'],
];
