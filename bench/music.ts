import { mkdir, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { deriveMusic } from '../src/processing/audio/audio.js';
import { resolveBinaries } from '../src/processing/run/binaries.js';
import { ffmpeg } from '../test/setup/make-media.js';
import { asNice } from './bare.js';
import { saved, withFolder } from './media.js';
import { atMost, inTurns, report, wallOf, type Settings } from './measure.js';

const limits = { maxBytes: 2 ** 26, maxPixels: 1e8, maxFrames: 500 };
const minutes = 4;

/** A song of four minutes: our job against one ffmpeg that decodes once and encodes once for both containers. */
export async function music({ pairs }: Settings): Promise<void> {
  const binaries = await resolveBinaries();
  const threads = Math.max(1, cpus().length - 1);
  const song = await ffmpeg(
    ...['-f', 'lavfi', '-i', `aevalsrc=0.3*sin(2*PI*220*t)+0.1*random(0)|0.3*sin(2*PI*330*t):d=${60 * minutes}`],
    ...['-c:a', 'libmp3lame', '-b:a', '192k', '-metadata', 'title=Bench', 'song.mp3'],
  );
  await withFolder(async (dir) => {
    const input = await saved(dir, 'song.mp3', song);
    const inside = async (name: string, work: (folder: string) => Promise<unknown>) => {
      const folder = join(dir, name);
      await mkdir(folder);
      const seconds = await wallOf(() => work(folder));
      await rm(folder, { recursive: true });
      return seconds;
    };
    const context = { binaries, threads, signal: new AbortController().signal };
    const ours = () => inside('ours', (folder) => deriveMusic(input, folder, limits, context));
    const bare = () => inside('bare', (cwd) => asNice(binaries.ffmpeg, command(input, threads), cwd));
    report('music job, wall', 's', await inTurns(pairs, ours, bare), atMost(1.15));
  });
}

const command = (input: string, threads: number) => [
  ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-threads', String(threads), '-i', input],
  '-filter_complex',
  '[0:a]asplit=3[sound][peaks][loud];[peaks]aresample=8000,aformat=channel_layouts=mono[wave];' +
    '[loud]ebur128=metadata=1,ametadata=mode=print:key=lavfi.r128.I:file=loudness.txt[measured]',
  ...['-map', '[sound]', '-c:a', 'aac', '-b:a', '128k', '-flags', '+global_header', '-f', 'tee'],
  '[f=ipod:movflags=+faststart]audio.m4a|' +
    '[f=hls:hls_time=4:hls_playlist_type=vod:hls_segment_type=fmp4:hls_flags=single_file+independent_segments' +
    ':hls_segment_filename=stream.mp4]stream.m3u8',
  ...['-map', '[wave]', '-c:a', 'pcm_s8', '-f', 's8', 'samples.s8'],
  ...['-map', '[measured]', '-f', 'null', '-'],
];
