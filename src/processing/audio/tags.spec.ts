import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import { formatNamed } from '../run/formats.js';
import { probeAs } from '../run/probe.js';
import { run } from '../run/process.js';
import { tagsOf } from './tags.js';

let dir: string;
let binaries: Binaries;
let sound: Buffer;
const tone = ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'sine=duration=1'];
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'tags-'));
  binaries = await resolveBinaries();
  const untagged = ['-id3v2_version', '0', '-write_id3v1', '0', '-write_xing', '0'];
  await run(binaries.ffmpeg, [...tone, ...untagged, 'untagged.mp3'], { cwd: dir });
  sound = await readFile(path.join(dir, 'untagged.mp3'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const read = async (format: string, bytes: Buffer) => {
  const file = path.join(dir, 'tagged');
  await writeFile(file, bytes);
  return (await probeAs(formatNamed(format), file, { binaries, signal: AbortSignal.timeout(20_000) })).tags;
};
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const utf16 = (text: string) => Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from(text, 'utf16le')]);
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();
/** Content of a text frame: a byte for the encoding, then the text (ID3v2.4 structure, 4). */
const text = (encoding: 0 | 1 | 2 | 3, bytes: Buffer | string) =>
  Buffer.concat([Buffer.of(encoding), Buffer.from(bytes as string)]);
const u32 = (n: number) => Buffer.of(n >> 24, n >> 16, n >> 8, n);
const synchsafe = (n: number) => Buffer.of((n >> 21) & 127, (n >> 14) & 127, (n >> 7) & 127, n & 127);

/** A tag of ID3v2.`version` with its frames. */
function id3v2(version: 2 | 3 | 4, frames: Record<string, Buffer>): Buffer {
  const body = Buffer.concat(
    Object.entries(frames).flatMap(([id, data]) =>
      version === 2
        ? [latin1(id), u32(data.length).subarray(1), data]
        : [latin1(id), version === 4 ? synchsafe(data.length) : u32(data.length), Buffer.of(0, 0), data],
    ),
  );
  return Buffer.concat([latin1('ID3'), Buffer.of(version, 0, 0), synchsafe(body.length), body]);
}

function id3v1({ title = '', artist = '', album = '', year = '', track = 0 }): Buffer {
  const field = (value: string, length: number) =>
    Buffer.concat([latin1(value), Buffer.alloc(length)]).subarray(0, length);
  const fields = [field(title, 30), field(artist, 30), field(album, 30), field(year, 4), Buffer.alloc(28)];
  return Buffer.concat([latin1('TAG'), ...fields, Buffer.of(0, track, 17)]);
}

describe('an MP3', () => {
  it('is read without its tags if these are larger than the limit', async () => {
    const title = text(3, 'x'.repeat(10 * 2 ** 20));
    expect(await read('mp3', Buffer.concat([id3v2(4, { TIT2: title, TPE1: text(3, 'Ann') }), sound]))).toEqual({});
  });

  it('has a title of one line of limited length', async () => {
    const title = text(3, `a\r\n"b"\u2028${'x'.repeat(100_000)}`);
    const tags = await read('mp3', Buffer.concat([id3v2(4, { TIT2: title }), sound]));
    expect(tags.title).toMatch(/^a "b" x{294}$/);
  });

  it('with an ID3v1 tag, which is Latin-1', async () => {
    const tag = id3v1({ title: 'Für Elise', artist: 'Ann', album: 'First', year: '1999', track: 7 });
    const tags = await read('mp3', Buffer.concat([sound, tag]));
    expect(tags).toEqual({ title: 'Für Elise', artist: 'Ann', album: 'First', year: 1999, track: '7' });
  });

  it('with an ID3v2.2 tag', async () => {
    const frames = {
      TT2: text(0, latin1('Für Elise')),
      TP1: text(1, utf16('Ann ♪')),
      TAL: text(0, 'First'),
      TRK: text(0, '3/9'),
      TYE: text(0, '1999'),
    };
    const tags = await read('mp3', Buffer.concat([id3v2(2, frames), sound]));
    expect(tags).toEqual({ title: 'Für Elise', artist: 'Ann ♪', album: 'First', year: 1999, track: '3/9' });
  });

  it('with an ID3v2.3 tag in UTF-16, which wins over its shortened ID3v1 tag', async () => {
    const frames = {
      TIT2: text(1, utf16('那么爱你为什么 🎵')),
      TPE1: text(1, utf16('阿强\0')),
      TALB: text(0, 'First\0'),
      TYER: text(0, '1999'),
      TDAT: text(0, '2412'),
    };
    const tags = await read('mp3', Buffer.concat([id3v2(3, frames), sound, id3v1({ title: '?????', artist: '??' })]));
    expect(tags).toEqual({ title: '那么爱你为什么 🎵', artist: '阿强', album: 'First', year: 1999 });
  });

  it('with an ID3v2.4 tag in UTF-8 and UTF-16BE', async () => {
    const frames = {
      TIT2: text(3, 'Für Elise'),
      TPE2: text(3, 'Various'),
      TALB: text(2, utf16be('Zweites')),
      TDRC: text(3, '1999-12-24T10:00'),
      TRCK: text(3, '3'),
    };
    const tags = await read('mp3', Buffer.concat([id3v2(4, frames), sound]));
    expect(tags).toEqual({ title: 'Für Elise', artist: 'Various', album: 'Zweites', year: 1999, track: '3' });
  });

  it('with text in an undeclared code page, which is read as Latin-1, as one line', async () => {
    const cyrillic = Buffer.of(0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2);
    const frames = {
      TIT2: text(0, cyrillic),
      TPE1: text(3, Buffer.concat([Buffer.of(0xff, 0x01, 0x0a), latin1('x')])),
    };
    const { title, artist } = await read('mp3', Buffer.concat([id3v2(3, frames), sound]));
    expect(title).toBe('Ïðèâåò');
    expect(artist).toBe('ÿ x');
  });
});

describe('the tags of other containers', () => {
  const named = {
    title: 'Für ♪',
    artist: 'Ann',
    album_artist: 'Various',
    album: 'First',
    track: '3/9',
    date: '1999-12-24',
  };
  const metadata = Object.entries(named).flatMap(([name, value]) => ['-metadata', `${name}=${value}`]);

  it.each([
    ['mp3', 'mp3', []],
    ['flac', 'flac', []],
    ['ogv', 'ogg', ['-c:a', 'libvorbis']],
    ['ogv', 'opus', ['-c:a', 'libopus']],
    ['m4a', 'm4a', []],
    ['wmv', 'wma', []],
    ['wav', 'wav', []],
    ['aiff', 'aiff', ['-write_id3v2', '1']],
  ])('are read from %s (%s)', async (format, extension, options) => {
    const file = `made.${extension}`;
    await run(binaries.ffmpeg, [...tone, ...metadata, ...options, file], { cwd: dir });
    const tags = await read(format, await readFile(path.join(dir, file)));
    expect(tags).toEqual({ title: 'Für ♪', artist: 'Ann', album: 'First', track: '3/9', year: 1999 });
  });

  it('are read as Latin-1 from RIFF INFO if they are not UTF-8', async () => {
    await run(binaries.ffmpeg, [...tone, '-metadata', 'title=XXXXXXXXX', 'latin.wav'], { cwd: dir });
    const bytes = await readFile(path.join(dir, 'latin.wav'));
    bytes.write('Für Elise', bytes.indexOf('XXXXXXXXX'), 'latin1');
    expect(await read('wav', bytes)).toEqual({ title: 'Für Elise' });
  });
});

it('prefers the artist to the album artist, and ignores the case of the names', () => {
  expect(tagsOf({ ALBUM_ARTIST: 'Various', Artist: 'Ann', TRACKNUMBER: '4', YEAR: '19999' })).toEqual({
    artist: 'Ann',
    track: '4',
    year: 1999,
  });
  expect(tagsOf({ album_artist: 'Various', date: 'unknown', year: '2001' })).toEqual({ artist: 'Various', year: 2001 });
});
