import { mkdtemp, rm, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accept } from './accept.js';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import { findBoxes } from './boxes.js';
import type { Kind, Limits } from '../run/limits.js';
import { run } from '../run/process.js';
import { Refused } from './refusal.js';

const MiB = 2 ** 20;
const limits: Limits = {
  photo: { maxBytes: MiB, maxPixels: 1_000_000, maxFrames: 5 },
  video: { maxBytes: MiB, maxDurationMs: 10_000, maxSide: 1000, maxFps: 60 },
  music: { maxBytes: MiB, maxDurationMs: 10_000 },
  file: { maxBytes: MiB },
};
let dir: string;
let binaries: Binaries;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'accept-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Accepts it under a misleading name. */
const take = async (kind: Kind, content: Buffer | string, name = 'upload.mp4') => {
  const file = path.join(dir, name);
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
/** As phones record voices. */
const narrowband = ['-c:a', 'libopencore_amrnb', '-ar', '8000', '-ac', '1', '-b:a', '12.2k'];
const photo = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#808080' } });

describe('accepted', () => {
  it.each([
    ['jpeg', 'image/jpeg', 'jpg'],
    ['png', 'image/png', 'png'],
    ['gif', 'image/gif', 'gif'],
    ['webp', 'image/webp', 'webp'],
    ['avif', 'image/avif', 'avif'],
    ['tiff', 'image/tiff', 'tif'],
  ] as const)('%s', async (format, mimeType, extension) => {
    const found = await take('photo', await photo(40, 30).toFormat(format).toBuffer());
    expect(found).toMatchObject({ mimeType, extension, width: 40, height: 30 });
  });

  it.each([
    ['mp4', 'video/mp4', ['-c:v', 'libx264']],
    ['mov', 'video/quicktime', ['-c:v', 'libx264']],
    ['webm', 'video/webm', ['-c:v', 'libvpx']],
    ['mkv', 'video/matroska', ['-c:v', 'libx264']],
    ['avi', 'video/vnd.avi', ['-c:v', 'mpeg4']],
    ['mpg', 'video/mpeg', ['-c:v', 'mpeg1video']],
    ['3gp', 'video/3gpp', ['-c:v', 'mpeg4']],
    ['ts', 'video/mp2t', ['-c:v', 'libx264']],
    ['ts', 'video/mp2t', ['-c:v', 'mpeg2video', '-mpegts_m2ts_mode', '1']],
    ['flv', 'video/x-flv', ['-c:v', 'flv']],
    ['flv', 'video/x-flv', ['-c:v', 'libx264']],
    ['ogv', 'video/ogg', ['-c:v', 'libtheora']],
    ['wmv', 'video/x-ms-wmv', ['-c:v', 'wmv2']],
  ])('%s', async (extension, mimeType, codec) => {
    const found = await take('video', await make(extension, ...pictures('64x48', 25, 1), ...codec), 'upload.txt');
    expect(found).toMatchObject({ mimeType, extension, width: 64, height: 48 });
    expect(found.durationMs).toBeGreaterThan(0);
  });

  it.each([
    ['mp3', 'audio/mpeg', ['-c:a', 'libmp3lame', '-metadata', 'title=x']],
    ['m4a', 'audio/mp4', ['-c:a', 'aac']],
    ['flac', 'audio/flac', ['-c:a', 'flac']],
    ['ogg', 'audio/ogg', ['-c:a', 'libvorbis']],
    ['wav', 'audio/wav', ['-c:a', 'pcm_s16le']],
    ['wma', 'audio/x-ms-wma', ['-c:a', 'wmav2', '-f', 'asf']],
    ['aiff', 'audio/aiff', ['-c:a', 'pcm_s16be']],
    ['webm', 'audio/webm', ['-c:a', 'libopus']],
    ['amr', 'audio/amr', narrowband],
    ['3gp', 'audio/3gpp', narrowband],
    ['3gp', 'audio/3gpp', ['-c:a', 'aac']],
  ])('%s', async (extension, mimeType, codec) => {
    expect(await take('music', await make(extension, ...tone(1), ...codec))).toMatchObject({ mimeType, extension });
  });

  it('an MP3 that begins in the middle of a frame', async () => {
    const mp3 = await make('mp3', ...tone(2), '-id3v2_version', '0', '-write_xing', '0');
    const cut = Buffer.concat([Buffer.alloc(200), Buffer.from([0x40, 0, 0, 0x95]), mp3.subarray(50)]);
    expect(await take('music', cut)).toMatchObject({ mimeType: 'audio/mpeg' });
  });

  it('an MP4 with sound only, as music', async () => {
    const found = await take('music', await make('mp4', ...tone(1), '-c:a', 'aac'));
    expect(found).toMatchObject({ mimeType: 'audio/mp4', extension: 'm4a' });
  });

  it.each([
    ['ogv', 'video/ogg', ['-c:v', 'libtheora', '-c:a', 'libvorbis']],
    ['wmv', 'video/x-ms-wmv', ['-c:v', 'wmv2', '-c:a', 'wmav2']],
  ])('%s whose sound comes before its pictures', async (extension, mimeType, codecs) => {
    const soundFirst = [...tone(1), ...pictures('64x48', 25, 1), '-map', '0', '-map', '1', ...codecs];
    expect(await take('video', await make(extension, ...soundFirst))).toMatchObject({ mimeType, width: 64 });
  });

  it('a short part of a long broadcast, whose clock starts late', async () => {
    const late = ['-output_ts_offset', '5000', '-c:v', 'mpeg1video'];
    expect(await take('video', await make('mpg', ...pictures('64x48', 25, 2), ...late))).toMatchObject({
      extension: 'mpg',
    });
  });

  it('anything, as a chat file', async () => {
    expect(await take('file', 'hello')).toMatchObject({ mimeType: 'application/octet-stream', extension: 'bin' });
    expect(await take('file', '%PDF-1.7\n')).toMatchObject({ mimeType: 'application/pdf', extension: 'pdf' });
  });
});

/** A demuxer would accept each of these, and open other files or hosts for them. */
const playlists = {
  hls: '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n',
  dash: '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>http://127.0.0.1:9/</BaseURL></MPD>',
  concat: 'ffconcat version 1.0\nfile sibling.mp4\n',
  srt: '1\n00:00:00,000 --> 00:00:01,000\nhello\n',
  ssa: '[Script Info]\nScriptType: v4.00+\n[Events]\n',
  svg: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
  text: 'just words, '.repeat(50),
};

describe('refused', () => {
  const kinds = ['photo', 'video', 'music'] as const;
  it.each(Object.entries(playlists).flatMap(([name, body]) => kinds.map((kind) => [name, kind, body] as const)))(
    '%s as %s',
    async (_, kind, body) => {
      await expect(take(kind, body)).rejects.toMatchObject({ name: 'Refused', code: 'type_not_allowed' });
    },
  );

  it('a file that takes too long to inspect', async () => {
    const file = path.join(dir, 'late.mp4');
    await writeFile(file, await make('mp4', ...pictures('64x48', 25, 1)));
    const late = accept(file, 'video', limits, { binaries, signal: AbortSignal.timeout(0) });
    await expect(late).rejects.toMatchObject({ name: 'Refused', code: 'corrupt_input' });
  });

  it('names what was found and what is allowed', async () => {
    const error = await take('video', await photo(9, 9).png().toBuffer()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Refused);
    expect(error).toMatchObject({ code: 'type_not_allowed', detail: { found: 'image/png' } });
    expect((error as Refused).detail.allowed).toContain('video/mp4');
  });

  const cases: [string, Kind, () => Buffer | string | Promise<Buffer>, object][] = [
    ['empty_file', 'photo', () => '', { bytes: 0 }],
    ['too_large', 'file', () => Buffer.alloc(MiB + 1), { bytes: MiB + 1, maxBytes: MiB }],
    ['too_many_pixels', 'photo', () => declaringSide(16_000), { pixels: 256_000_000, maxPixels: 1_000_000 }],
    // Within the pixel limit, but seventeen gigabytes to decode at a width of fifty million.
    ['too_large_dimensions', 'photo', () => wide(100_000, 2), { width: 100_000, height: 2, maxSide: 65_535 }],
    ['too_large_dimensions', 'photo', () => wide(2, 65_536), { height: 65_536 }],
    ['too_many_frames', 'photo', () => animation(6), { frames: 6, maxFrames: 5 }],
    ['too_many_pixels', 'photo', () => animation(5, 500), { frames: 5, pixels: 1_250_000, maxPixels: 1_000_000 }],
    ['corrupt_input', 'photo', truncated, { found: 'image/jpeg' }],
    [
      'corrupt_input',
      'video',
      () => Buffer.from('\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41', 'latin1'),
      { found: 'video/mp4' },
    ],
    ['no_streams', 'video', () => make('mp4', ...tone(1)), { wanted: 'video' }],
    ['content_mismatch', 'music', () => make('mp4', ...pictures('64x48', 5, 1), ...tone(1)), { found: 'h264' }],
    [
      'too_long',
      'video',
      () => make('mp4', ...pictures('64x48', 1, 12)),
      { durationMs: 12_000, maxDurationMs: 10_000 },
    ],
    ['too_long', 'video', withFalseDuration, { maxDurationMs: 10_000 }],
    ['too_long', 'music', () => make('ogg', ...tone(12)), { maxDurationMs: 10_000 }],
    ['too_large_dimensions', 'video', () => make('mp4', ...pictures('1002x4', 5, 1)), { width: 1002, maxSide: 1000 }],
    ['frame_rate_too_high', 'video', () => make('mp4', ...pictures('64x48', 200, 1)), { fps: 200, maxFps: 60 }],
    ['too_many_streams', 'video', manyStreams, { streams: 41, maxStreams: 32 }],
  ];
  it.each(cases)('%s: %s', async (code, kind, content, detail) => {
    await expect(take(kind, await content())).rejects.toMatchObject({ name: 'Refused', code, detail });
  });
});

const wide = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#888' } })
    .png()
    .toBuffer();

/** A progressive JPEG of a few hundred bytes that declares `side` × `side` (frame header: ITU-T T.81, B.2.2). */
async function declaringSide(side: number): Promise<Buffer> {
  const bytes = await photo(16, 16).jpeg({ progressive: true }).toBuffer();
  const frame = bytes.indexOf(Buffer.of(0xff, 0xc2));
  bytes.writeUInt16BE(side, frame + 5);
  bytes.writeUInt16BE(side, frame + 7);
  return bytes;
}

const animation = (frames: number, side = 8) => {
  const data = Buffer.concat(Array.from({ length: frames }, (_, i) => Buffer.alloc(side * side * 3, i * 40)));
  return sharp(data, { raw: { width: side, height: side * frames, channels: 3, pageHeight: side } })
    .gif()
    .toBuffer();
};

async function truncated(): Promise<Buffer> {
  const bytes = await photo(500, 500).jpeg().toBuffer();
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}

/** Twelve seconds of video, whose headers all declare one second. */
async function withFalseDuration(): Promise<Buffer> {
  const bytes = await make('mp4', ...pictures('64x48', 1, 12));
  const durationAt = { mvhd: 16, mdhd: 16, tkhd: 20 };
  for (const [type, at] of Object.entries(durationAt)) {
    for (const box of findBoxes(bytes, type)) {
      const duration = bytes.readUInt32BE(box.body + at);
      bytes.writeUInt32BE(Math.floor(duration / 12), box.body + at);
    }
  }
  return bytes;
}

const manyStreams = () =>
  make(
    'mkv',
    ...pictures('64x48', 5, 1),
    ...tone(1),
    '-map',
    '0',
    ...Array.from({ length: 40 }, () => ['-map', '1']).flat(),
  );
