import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gifOf, pngChunk, pngOf, withChunks } from '../setup/make-bombs.js';
import { picture } from '../setup/make-media.js';
import { Siege, type Outcome } from '../setup/siege.js';

const MiB = 1024 ** 2;
let siege: Siege;
beforeAll(async () => {
  siege = await Siege.begin();
});
afterAll(() => siege.end());

const png = () => picture(70, 50).png().toBuffer();
const jpeg = () => picture(70, 50).jpeg().toBuffer();
const text = (words: string) => Buffer.from(words);

/** A progressive JPEG that declares `side` × `side` (ITU T.81, B.2.2). */
async function claiming(side: number): Promise<Buffer> {
  const bytes = await picture(64, 64).jpeg({ progressive: true }).toBuffer();
  const frame = bytes.indexOf(Buffer.of(0xff, 0xc2));
  bytes.writeUInt16BE(side, frame + 5);
  bytes.writeUInt16BE(side, frame + 7);
  return bytes;
}

const webpOf = (frames: number) =>
  sharp(randomBytes(16 * 16 * 3 * frames), { raw: { width: 16, height: 16 * frames, channels: 3, pageHeight: 16 } })
    .webp()
    .toBuffer();

const svg = (body: string) => text(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">${body}</svg>`);
const entities = '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">';
const notAllowed = '415 type_not_allowed';
const damaged = '422 corrupt_input';

const rows: [string, Outcome, () => Buffer | Promise<Buffer>][] = [
  ['a progressive JPEG of 16,000 px', '422 too_many_pixels', () => claiming(16_000)],
  ['a PNG of 30,000 px, whole', '422 too_many_pixels', () => pngOf(30_000)],
  ['a GIF of 10,000 frames', '422 too_many_frames', () => gifOf(1, 1, 10_000)],
  ['a GIF with a frame of 16,000 px', '422 too_many_pixels', () => gifOf(16_000, 16_000, 1, 16_000)],
  ['a GIF whose canvas alone has 16,000 px, which nobody minds', 'ready', () => gifOf(16_000, 16_000, 2)],
  ['a GIF of many large frames', '422 too_many_pixels', () => gifOf(1_000, 1_000, 400)],
  ['a WebP of 600 frames', '422 too_many_frames', () => webpOf(600)],
  ['one byte', notAllowed, () => Buffer.of(0xff)],
  ['zeros', notAllowed, () => Buffer.alloc(10_000)],
  ['the beginning of a JPEG', damaged, async () => (await jpeg()).subarray(0, 200)],
  ['the header of a PNG', damaged, async () => (await png()).subarray(0, 33)],
  ['the header of a GIF', damaged, () => gifOf(9, 9, 1).subarray(0, 19)],
  ['half a WebP', damaged, async () => (await picture(90, 90).webp().toBuffer()).subarray(0, 60)],
  ['SVG that runs', notAllowed, () => svg('<script>alert(1)</script>')],
  ['SVG that runs when loaded', notAllowed, () => svg('<image href="x" onload="alert(1)"/>')],
  ['SVG that reads a file', notAllowed, () => svg('<image href="file:///etc/passwd"/>')],
  [
    'SVG with a foreign entity',
    notAllowed,
    () => text('<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'),
  ],
  [
    'SVG of entities of entities',
    notAllowed,
    () => text(`${entities}<!ENTITY b "${'&a;'.repeat(10_000)}">]><svg>&b;</svg>`),
  ],
  ['HTML', notAllowed, () => text('<!doctype html><script>alert(1)</script>')],
  ['PDF', notAllowed, () => text('%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(1)>>>>endobj')],
  ['a script', notAllowed, () => text('#!/bin/sh\nid\n')],
  ['a program for Windows', notAllowed, () => Buffer.concat([text('MZ\x90\0\x03'), Buffer.alloc(2_000)])],
  ['an archive', notAllowed, () => Buffer.concat([text('PK\x03\x04\x14\0'), Buffer.alloc(2_000)])],
];

describe('a hostile picture', () => {
  it.each(rows)('%s: %s', async (_, expected, make) => {
    expect(await siege.send('photo', await make(), 'picture.png')).toBe(expected);
  });

  it('is treated by its content, whatever the form says', async () => {
    const form = new FormData();
    form.set(
      'file',
      new Blob([new Uint8Array([0x4d, 0x5a, 0x90, ...Buffer.alloc(900)])], { type: 'image/png' }),
      'a.png',
    );
    await siege.attacker.send('POST', '/api/photos/upload', form).expect(415, 'unsupported_media_type');
  });
});

/** Data before or after the pixels, which must cost neither time nor memory, and never be served. */
const loaded: [string, () => Promise<Buffer>][] = [
  ['a page behind a PNG', async () => Buffer.concat([await png(), text(`<script>alert('secret')</script>`)])],
  ['an archive behind a JPEG', async () => Buffer.concat([await jpeg(), text('PK\x03\x04secret')])],
  ['a page in a comment of a GIF', async () => gifWithComment(`<script>alert('secret')</script>`)],
  ['20 MB of XMP in a PNG', async () => withChunks(await png(), xmp(20 * MiB))],
  ['20 MB of EXIF in a PNG', async () => withChunks(await png(), pngChunk('eXIf', exifOf(20 * MiB)))],
  ['10 MB of text in a PNG, packed', async () => withChunks(await png(), packed('zTXt', 10 * MiB))],
  ['XMP inside XMP in a JPEG', async () => withSegments(await jpeg(), 1, nested(2_000))],
  ['20 MB of EXIF in a JPEG', async () => withSegments(await jpeg(), 300, randomBytes(65_000))],
  ['20 MB of no colour profile in a PNG', async () => withChunks(await png(), profile(20 * MiB))],
  ['20 MB of no colour profile in a WebP', () => webpWith('ICCP', 20 * MiB)],
  ['20 MB of EXIF in a WebP', () => webpWith('EXIF', 20 * MiB)],
  ['16 MB of no colour profile in a JPEG', async () => withProfile(await jpeg(), 255)],
];

describe('a picture with a payload', () => {
  it.each(loaded)('%s', async (_, make) => {
    const { attacker } = siege;
    const { files } = await attacker.publish('photo', await make());
    const [{ renditions, url }] = files;
    for (const { href } of renditions) {
      const { bytes, headers } = await attacker.get(href).expect(200);
      expect(bytes.length).toBeLessThan(100_000);
      expect(bytes.includes('secret')).toBe(false);
      expect(headers.get('content-type')).toMatch(/^image\/(png|jpeg|gif|webp)$/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    }
    const { headers } = await attacker.get(`/api/photos/${url}?raw=1`).expect(200);
    expect(headers.get('content-disposition')).toMatch(/^attachment;/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each([
    ['200 MB of colour profile in a PNG, packed', async () => withChunks(await png(), packed('iCCP', 200 * MiB))],
    ['200 MB of text in a PNG, packed', async () => withChunks(await png(), packed('zTXt', 200 * MiB))],
  ])('%s is refused', async (_, make) => {
    expect(await siege.send('photo', await make())).toBe('422 corrupt_input');
  });
});

it('all at once: others are not affected, and nothing is left', async () => {
  await siege.during(() => Promise.all(rows.map(async ([, , make]) => siege.send('photo', await make()))));
  await siege.expectNothingLeft();
});

const nested = (depth: number) =>
  text(`http://ns.adobe.com/xap/1.0/\0${'<rdf:li secret="1">'.repeat(depth)}${'</rdf:li>'.repeat(depth)}`);
const xmp = (bytes: number) =>
  pngChunk('iTXt', Buffer.concat([text('XML:com.adobe.xmp\0\0\0\0\0secret'), Buffer.alloc(bytes, '<a>')]));
const packed = (type: string, bytes: number) =>
  pngChunk(type, Buffer.concat([text('secret\0\0'), deflateSync(Buffer.alloc(bytes), { level: 1 })]));
const profile = (bytes: number) => pngChunk('iCCP', Buffer.concat([text('secret\0\0'), randomBytes(bytes)]));
const exifOf = (bytes: number) => Buffer.concat([text('MM\0*\0\0\0\x08\0\0secret'), randomBytes(bytes)]);

/** APP1 segments after the start of a JPEG (ITU T.81, B.1.1.4). */
function withSegments(bytes: Buffer, count: number, data: Buffer, marker = 0xe1): Buffer {
  const head = Buffer.of(0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255);
  return Buffer.concat([
    bytes.subarray(0, 2),
    ...Array.from({ length: count }, () => [head, data]).flat(),
    bytes.subarray(2),
  ]);
}

function withProfile(bytes: Buffer, parts: number): Buffer {
  const part = (i: number) => Buffer.concat([text('ICC_PROFILE\0'), Buffer.of(i, parts), randomBytes(65_000)]);
  return Array.from({ length: parts }, (_, i) => part(parts - i)).reduce(
    (jpeg, data) => withSegments(jpeg, 1, data, 0xe2),
    bytes,
  );
}

/** RFC 9649, 2.7: an extended file with one more chunk, and its flag. */
async function webpWith(type: 'ICCP' | 'EXIF', bytes: number): Promise<Buffer> {
  const simple = await picture(70, 50).webp().toBuffer();
  const header = Buffer.from([type === 'ICCP' ? 0x20 : 0x08, 0, 0, 0, 69, 0, 0, 49, 0, 0]);
  const extra = riff(type, randomBytes(bytes));
  const chunks = type === 'ICCP' ? [extra, simple.subarray(12)] : [simple.subarray(12), extra];
  return riff('RIFF', Buffer.concat([text('WEBP'), riff('VP8X', header), ...chunks]));
}

function riff(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(data.length);
  return Buffer.concat([text(type), length, data]);
}

function gifWithComment(comment: string): Buffer {
  const gif = gifOf(20, 20, 1);
  const block = Buffer.concat([Buffer.of(0x21, 0xfe, comment.length), text(comment), Buffer.of(0)]);
  return Buffer.concat([gif.subarray(0, 19), block, gif.subarray(19)]);
}
