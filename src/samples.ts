import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveBinaries } from './processing/run/binaries.js';
import { run } from './processing/run/process.js';

const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=25:duration=12'];
const tone = ['-f', 'lavfi', '-i', 'aevalsrc=0.3*sin(2*PI*(220+40*floor(mod(t\\,4)))*t)|0.3*sin(2*PI*330*t):d=12'];

const samples: Record<string, string[]> = {
  'photo.jpg': ['-f', 'lavfi', '-i', 'mandelbrot=size=2400x1600:start_scale=0.4', '-frames:v', '1', '-q:v', '3'],
  'video.mp4': [...picture, ...tone, '-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
  'song.mp3': [
    ...tone,
    '-c:a',
    'libmp3lame',
    '-b:a',
    '192k',
    '-metadata',
    'title=Sample',
    '-metadata',
    'artist=Vitrine',
  ],
};

/** Makes a photo, a video and a song to try things with. @returns their paths */
export async function makeSamples(dir: string): Promise<string[]> {
  const { ffmpeg } = await resolveBinaries();
  await mkdir(dir, { recursive: true });
  const paths: string[] = [];
  for (const [name, args] of Object.entries(samples)) {
    const path = join(dir, name);
    await run(ffmpeg, ['-nostdin', '-hide_banner', '-loglevel', 'error', '-y', ...args, path], { timeoutMs: 120_000 });
    paths.push(path);
  }
  return paths;
}
