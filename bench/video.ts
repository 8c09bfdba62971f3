import { mkdir, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { resolveBinaries } from '../src/processing/binaries.js';
import { deriveVideo } from '../src/processing/video.js';
import { asNice } from './bare.js';
import { atMost, inTurns, report, wallOf, type Settings } from './measure.js';
import { clip, freshMp4, saved, withFolder } from './media.js';
import { send, until, untilReady, withSystem, type System } from './system.js';

const seconds = 8;
/** Of the express lane, which our jobs take here. */
const niceness = 10;
const rungs = [
  { name: '144p', size: '256:144', rate: 110, audio: 48 },
  { name: '240p', size: '426:240', rate: 340, audio: 64 },
  { name: '360p', size: '640:360', rate: 856, audio: 96 },
  { name: '480p', size: '854:480', rate: 1498, audio: 128 },
  { name: '720p', size: '1280:720', rate: 2996, audio: 128 },
];

/** A source that has to be encoded, and one that fits its rung as it is. */
const sources = {
  encoded: ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '250', '-c:a', 'libmp3lame'],
  copied: [
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-b:v', '2000k', '-maxrate', '2500k'],
    ...['-bufsize', '2500k', '-g', '60', '-flags', '+cgop', '-sc_threshold', '0', '-c:a', 'aac', '-b:a', '128k'],
  ],
};

/** 720p: the ladder against one command that makes the same rungs, and how soon something plays. */
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
    const encoded = await clip('1280x720', seconds, sources.encoded);
    const copied = await clip('1280x720', seconds, sources.copied);
    const input = await saved(dir, 'encoded.mp4', encoded);
    const copiedInput = await saved(dir, 'copied.mp4', copied);

    const ladder = bare(ladderCommand(input, threads));
    const derive = () => inside((folder) => deriveVideo(input, folder, context));
    report('video ladder, wall', 's', await inTurns(pairs, derive, ladder), atMost(1.05));

    await withSystem({}, async (system) => {
      const first = (source: Buffer) => () => firstPlayable(system, source);
      report('video first playable, encoded', 's', await inTurns(pairs, first(encoded), ladder), atMost(0.25));
      const remux = bare(remuxCommand(copiedInput));
      report('video first playable, copied', 's', await inTurns(pairs, first(copied), remux), atMost(3));
    });
  });
}

/** From the answer to the upload until the master playlist is there. Waits for the whole ladder, then forgets the load. */
export async function firstPlayable(system: System, source: Buffer): Promise<number> {
  const { url } = await send(system, 'video', freshMp4(source));
  const plays = async () =>
    (await fetch(`${system.origin}/api/videos/${url}`, { headers: system.user })).status === 200;
  const wall = await wallOf(() => until(plays, `${url} to play`, 120_000, 10));
  await untilReady(system, url);
  await system.db.query(`update files set processed_at = processed_at - interval '1 hour'`);
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

const remuxCommand = (input: string): string[] => [
  ...[...start, '-i', input, '-map', '0:v', '-map', '0:a', '-c', 'copy', ...hls],
  ...['-var_stream_map', 'v:0,a:0,name:720p', '%v.m3u8'],
];
