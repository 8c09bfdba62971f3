import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readKeptExif, writeKeptExif } from '../image/exif.js';
import { strippers } from './strip.js';

const secret = 'somewhere secret';
const exif = {
  IFD0: { Copyright: 'Ann Example', Make: secret, ImageDescription: secret },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '48/1 52/1 44/1', GPSLongitudeRef: 'E', GPSLongitude: '2/1 20/1 15/1' },
};
const picture = () => {
  const rgb = Buffer.from(Array.from({ length: 40 * 24 * 3 }, (_, i) => (i * 37) % 251));
  const image = sharp(rgb, { raw: { width: 40, height: 24, channels: 3 } });
  return image
    .withMetadata({ orientation: 6 })
    .withExifMerge(exif)
    .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${secret}</x:xmpmeta>`)
    .withIccProfile('p3');
};
const pixelsOf = (bytes: Buffer) => sharp(bytes, { animated: true }).raw().toBuffer();

const encoded = {
  jpeg: () => picture().jpeg().toBuffer(),
  png: () => picture().png().toBuffer(),
  webp: () => picture().webp().toBuffer(),
  avif: () => picture().avif({ effort: 0 }).toBuffer(),
};

describe.each(Object.entries(encoded))('%s', (format, encode) => {
  it('loses its metadata but not one pixel, and keeps orientation, copyright and colour profile', async () => {
    const bytes = await encode();
    expect(bytes.includes(secret)).toBe(true);
    const before = await sharp(bytes).metadata();

    const stripped = strippers[format]!(bytes, readKeptExif(before.exif));

    expect(stripped.includes(secret)).toBe(false);
    const after = await sharp(stripped).metadata();
    expect(after.xmp?.some((byte) => byte !== 0) ?? false).toBe(false);
    expect(after.icc).toEqual(before.icc);
    expect(after.icc).toBeDefined();
    expect(readKeptExif(after.exif).copyright).toBe('Ann Example');
    // In AVIF it is a property of the picture, which libvips applies itself.
    if (format !== 'avif') expect(after.orientation).toBe(6);
    expect(await pixelsOf(stripped)).toEqual(await pixelsOf(bytes));
  });
});

it('a JPEG loses what follows its end, and its comments', async () => {
  const plain = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#123456' } })
    .jpeg()
    .toBuffer();
  const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, secret.length + 2]), Buffer.from(secret)]);
  const odd = Buffer.concat([plain.subarray(0, 2), comment, plain.subarray(2), Buffer.from(secret)]);
  const stripped = strippers.jpeg!(odd, { orientation: 1, copyright: undefined });
  expect(stripped).toEqual(plain);
});

it('a progressive JPEG keeps all its scans', async () => {
  const bytes = await picture().jpeg({ progressive: true }).toBuffer();
  const stripped = strippers.jpeg!(bytes, { orientation: 1, copyright: undefined });
  expect(await pixelsOf(stripped)).toEqual(await pixelsOf(bytes));
});

it('a truncated JPEG is damaged', async () => {
  const bytes = await picture().jpeg().toBuffer();
  expect(() => strippers.jpeg!(bytes.subarray(0, -20), { orientation: 1, copyright: undefined })).toThrow(
    expect.objectContaining({ code: 'corrupt_input' }),
  );
});

it('an animated GIF keeps frames and loops, and loses comments', async () => {
  const frames = Buffer.concat([0, 128, 255].map((grey) => Buffer.alloc(8 * 8 * 3, grey)));
  const bytes = await sharp(frames, { raw: { width: 8, height: 24, channels: 3, pageHeight: 8 } })
    .gif({ loop: 3 })
    .toBuffer();
  const comment = Buffer.concat([Buffer.of(0x21, 0xfe, secret.length), Buffer.from(secret), Buffer.of(0)]);
  const odd = Buffer.concat([bytes.subarray(0, -1), comment, bytes.subarray(-1)]);
  const stripped = strippers.gif!(odd, { orientation: 1, copyright: undefined });
  expect(stripped.includes(secret)).toBe(false);
  const { pages, loop } = await sharp(stripped, { animated: true }).metadata();
  expect({ pages, loop }).toEqual({ pages: 3, loop: 3 });
  expect(await pixelsOf(stripped)).toEqual(await pixelsOf(bytes));
});

describe('the EXIF that is kept', () => {
  it.each([
    { orientation: 6, copyright: undefined },
    { orientation: 1, copyright: 'Ann Example, 2026' },
    { orientation: 8, copyright: 'A' },
  ])('is read back as written: %o', (keptExif) => {
    expect(readKeptExif(writeKeptExif(keptExif))).toEqual(keptExif);
  });

  it('needs no block if there is nothing to keep', () => {
    expect(writeKeptExif({ orientation: 1, copyright: undefined })).toBeUndefined();
  });

  it('is absent from anything but EXIF', () => {
    for (const bytes of ['', 'II', 'II*\0\xff\xff\xff\xff', 'MM\0*\0\0\0\x08\xff\xff'].map((t) =>
      Buffer.from(t, 'latin1'),
    )) {
      expect(readKeptExif(bytes)).toEqual({ orientation: 1, copyright: undefined });
    }
  });
});
