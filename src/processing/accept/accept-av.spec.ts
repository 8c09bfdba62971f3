import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accept } from './accept.js';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import { run } from '../run/process.js';

const exec = promisify(execFile);
const maxBytes = 2 ** 20;
const limits = {
  photo: { maxBytes, maxPixels: 1_000_000, maxFrames: 5 },
  video: { maxBytes, maxDurationMs: 10_000, maxSide: 1000, maxFps: 60 },
  music: { maxBytes, maxDurationMs: 10_000 },
  file: { maxBytes },
};
let dir: string;
let binaries: Binaries;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'accept-av-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const take = async (kind: 'video' | 'music', content: Buffer) => {
  const file = path.join(dir, 'upload');
  await writeFile(file, content);
  return accept(file, kind, limits, { binaries, signal: AbortSignal.timeout(20_000) });
};
const make = async (extension: string, ...args: string[]) => {
  const file = path.join(dir, `made.${extension}`);
  await run(binaries.ffmpeg, ['-v', 'error', '-y', ...args, file]);
  return readFile(file);
};
const lavfi = (graph: string) => ['-f', 'lavfi', '-i', graph];
const pictures = (size: string, rate: number, seconds: number) =>
  lavfi(`color=size=${size}:rate=${rate}:duration=${seconds},format=yuv420p`);
const tone = (seconds: number) => lavfi(`sine=duration=${seconds}`);

describe('what browsers record', () => {
  /** Written to a pipe, so that nothing can be corrected at the end: neither duration nor cues. */
  const recorded = async (format: string, ...args: string[]) => {
    const options = { encoding: 'buffer', maxBuffer: maxBytes } as const;
    return (await exec(binaries.ffmpeg, ['-v', 'error', ...args, '-f', format, 'pipe:1'], options)).stdout;
  };
  const fragments = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof'];
  const both = [...pictures('64x48', 25, 1), ...tone(1)];

  it.each([
    ['webm', 'video/webm', ['-c:v', 'libvpx', '-c:a', 'libopus']],
    ['mp4', 'video/mp4', ['-c:v', 'libx264', '-c:a', 'aac', ...fragments]],
  ])('%s', async (format, mimeType, codecs) => {
    const found = await take('video', await recorded(format, ...both, ...codecs));
    expect(found).toMatchObject({ mimeType, width: 64, height: 48 });
  });

  it.each([
    ['webm', 'audio/webm', ['-c:a', 'libopus']],
    ['mp4', 'audio/mp4', ['-c:a', 'aac', ...fragments]],
  ])('%s with sound only is music, and no video', async (format, mimeType, codecs) => {
    const sound = await recorded(format, ...tone(1), ...codecs);
    expect(await take('music', sound)).toMatchObject({ mimeType });
    await expect(take('video', sound)).rejects.toMatchObject({
      code: 'no_streams',
      message: 'The file contains sound but no video: upload it as music.',
    });
  });
});

describe('unplayable sound', () => {
  it('with one sample a second is refused', async () => {
    const wav = await make('wav', ...tone(1));
    wav.writeUInt32LE(1, 24); // Samples per second, in the chunk `fmt `.
    await expect(take('music', wav)).rejects.toMatchObject({ code: 'no_streams' });
  });
});

describe('false headers', () => {
  /** In Matroska a frame lasts as long as `DefaultDuration` says (RFC 9559, 5.1.4.1.13), in nanoseconds. */
  it('a Matroska file whose frames are declared to last 1 ms', async () => {
    const bytes = await make('mkv', ...pictures('64x48', 25, 1), '-c:v', 'libx264');
    const at = bytes.indexOf(Buffer.of(0x23, 0xe3, 0x83, 0x84));
    expect(bytes.readUInt32BE(at + 4)).toBe(40_000_000);
    bytes.writeUInt32BE(1_000_000, at + 4);
    expect(await take('video', bytes)).toMatchObject({ mimeType: 'video/matroska' });
  });

  /** `Duration` is a float after the id 0x4489 (RFC 9559, 5.1.2.10), in ms by default. */
  const declaring = async (durationMs: number) => {
    const bytes = await make('mkv', ...pictures('64x48', 5, 8), '-c:v', 'libx264');
    const at = bytes.indexOf(Buffer.of(0x44, 0x89, 0x88));
    expect(bytes.readDoubleBE(at + 3)).toBe(8000);
    bytes.writeDoubleBE(durationMs, at + 3);
    return bytes;
  };
  it('a file that declares a duration of a day', async () => {
    expect((await take('video', await declaring(86_400_000))).durationMs).toBeUndefined();
  });
  it('a file that declares a duration of a second', async () => {
    expect((await take('video', await declaring(1000))).durationMs).toBeUndefined();
  });
  it('a file that declares its true duration', async () => {
    expect((await take('video', await declaring(8000))).durationMs).toBe(8000);
  });

  it('a last picture that is declared to last for a day is too long', async () => {
    const day = 'setts=time_base=1/1000:ts=N*40:duration=if(eq(N\\,1)\\,86400000\\,40)';
    const two = [...pictures('64x48', 25, 0.08), '-c:v', 'libx264', '-bf', '0', '-bsf:v', day];
    const refused = take('video', await make('mp4', ...two));
    await expect(refused).rejects.toMatchObject({ code: 'too_long', detail: { maxDurationMs: 10_000 } });
  });
});
