import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import exifr from 'exifr';
import sharp, { type Sharp } from 'sharp';
import { thumbHashToApproximateAspectRatio } from 'thumbhash';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { derivePhoto } from './image.js';
import { dominantColour } from './placeholder.js';

const limits = { maxBytes: 40e6, maxPixels: 100e6, maxFrames: 500 };
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'image-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const canvas = (width: number, height: number, background = '#204080') =>
  sharp({ create: { width, height, channels: 3, background } });
const derive = async (input: Buffer | Sharp, given = limits) => {
  const file = path.join(dir, 'upload.bin');
  await writeFile(file, Buffer.isBuffer(input) ? input : await input.toBuffer());
  return derivePhoto(file, path.join(dir, 'out'), given, AbortSignal.timeout(20_000));
};

/** An RGB TIFF of one colour with more channels: a grey one, as many times as wide, with another header (TIFF 6.0). */
async function manyChannels(side: number, pixel: number[]): Promise<Buffer> {
  const raw = { width: side * pixel.length, height: side, channels: 1 as const };
  const grey = sharp(Buffer.alloc(side * side * pixel.length, Buffer.from(pixel)), { raw }).toColourspace('b-w');
  const tiff = await grey.tiff({ compression: 'deflate', predictor: 'none' }).toBuffer();
  const [width, photometric, samples] = [256, 262, 277];
  const fields: Record<number, number> = { [width]: side, [photometric]: 2, [samples]: pixel.length };
  const directory = tiff.readUInt32LE(4);
  for (let at = directory + 2, left = tiff.readUInt16LE(directory); left > 0; at += 12, left--) {
    const value = fields[tiff.readUInt16LE(at)];
    if (value !== undefined) tiff.writeUInt16LE(value, at + 8);
  }
  return tiff;
}
const exif = {
  IFD0: { Copyright: 'Ann Example', Make: 'Camera' },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '48/1 52/1 44/1', GPSLongitudeRef: 'E', GPSLongitude: '2/1 20/1 15/1' },
};

describe('derivePhoto', () => {
  it('makes every size, fitted inside its box, with placeholder and facts', async () => {
    const photo = await derive(canvas(3000, 2000).jpeg());
    expect(photo.outputs.map((o) => `${o.name} ${o.format} ${o.width}x${o.height}`)).toEqual([
      'large webp 2048x1365',
      'large jpeg 2048x1365',
      'medium webp 1024x683',
      'medium jpeg 1024x683',
      'small webp 640x427',
      'thumb webp 320x213',
      'original jpeg 3000x2000',
    ]);
    for (const output of photo.outputs) {
      const bytes = await readFile(output.path);
      const found = await sharp(bytes).metadata();
      expect([found.format, found.width, found.height]).toEqual([output.format, output.width, output.height]);
      expect(bytes.length).toBe(output.bytes);
    }
    expect(photo.facts).toEqual({ width: 3000, height: 2000, mimeType: 'image/jpeg', hasAlpha: false, frames: 1 });
    expect(photo.color).toMatch(/^#(1f|20|21)(3f|40|41)(7f|80|81)$/);
    const ratio = thumbHashToApproximateAspectRatio(Buffer.from(photo.placeholder, 'base64'));
    expect(ratio).toBeCloseTo(1.5, 0);
  });

  it('removes the location, and keeps the copyright', async () => {
    const tagged = await canvas(800, 600).withExif(exif).jpeg().toBuffer();
    expect((await exifr.gps(tagged)).latitude).toBeCloseTo(48.88, 2);
    const photo = await derive(tagged);
    expect(photo.outputs).toHaveLength(7);
    for (const output of photo.outputs) {
      const found = await exifr.parse(
        output.format === 'webp' ? (await sharp(output.path).metadata()).exif!.subarray(6) : output.path,
        true,
      );
      expect(found.Copyright).toBe('Ann Example');
      expect(found.Make).toBeUndefined();
      expect(found.latitude).toBeUndefined();
      expect(found.GPSLatitude).toBeUndefined();
    }
  });

  it('rotates a photo upright in every size, and keeps the orientation of the original', async () => {
    // Stored rotated: the red top is on the left.
    const left = await canvas(200, 400, '#ff0000').png().toBuffer();
    const stored = canvas(800, 400, '#0000ff').composite([{ input: left, left: 0, top: 0 }]);
    const photo = await derive(await stored.withMetadata({ orientation: 6 }).jpeg().toBuffer());
    expect(photo.facts).toMatchObject({ width: 400, height: 800 });
    for (const output of photo.outputs) {
      expect(output.width * 2).toBe(output.height);
      const upright = sharp(output.path).autoOrient().extract({ left: 10, top: 10, width: 20, height: 20 });
      const [red, , blue] = (await sharp(await upright.png().toBuffer()).stats()).channels;
      expect(red!.mean).toBeGreaterThan(240);
      expect(blue!.mean).toBeLessThan(20);
    }
    const original = await sharp(photo.outputs.at(-1)!.path).metadata();
    expect(original).toMatchObject({ width: 800, height: 400, orientation: 6 });
  });

  it('never enlarges', async () => {
    const photo = await derive(canvas(100, 50).png());
    expect(new Set(photo.outputs.map((o) => `${o.width}x${o.height}`))).toEqual(new Set(['100x50']));
  });

  it('keeps transparency in WebP and makes it white in JPEG', async () => {
    const photo = await derive(
      sharp({ create: { width: 64, height: 64, channels: 4, background: '#00000000' } }).png(),
    );
    expect(photo.facts.hasAlpha).toBe(true);
    const of = (format: string) => photo.outputs.find((o) => o.name === 'large' && o.format === format)!.path;
    expect((await sharp(of('webp')).metadata()).hasAlpha).toBe(true);
    expect((await sharp(of('jpeg')).stats()).channels.map((c) => c.mean)).toEqual([255, 255, 255]);
  });

  it('makes sizes of the first frame of an animation, and keeps the original animated', async () => {
    const frames = Buffer.concat([Buffer.alloc(64 * 64 * 3, 0xff), Buffer.alloc(64 * 64 * 3, 0)]);
    const gif = sharp(frames, { raw: { width: 64, height: 128, channels: 3, pageHeight: 64 } }).gif();
    const photo = await derive(gif);
    expect(photo.facts).toMatchObject({ width: 64, height: 64, frames: 2 });
    const [large] = photo.outputs;
    expect((await sharp(large!.path).stats()).channels[0]!.mean).toBeGreaterThan(250);
    expect((await sharp(photo.outputs.at(-1)!.path).metadata()).pages).toBe(2);
  });

  it('converts wide colours to sRGB', async () => {
    const photo = await derive(canvas(64, 64, '#00ff00').withIccProfile('p3').png());
    const { channels } = await sharp(photo.outputs[0]!.path).stats();
    expect(channels[1]!.mean).toBeGreaterThan(250);
    expect((await sharp(photo.outputs.at(-1)!.path).metadata()).icc).toBeDefined();
  });

  it('re-encodes a TIFF without its metadata', async () => {
    const photo = await derive(canvas(64, 64).withExif(exif).tiff());
    const original = photo.outputs.at(-1)!;
    expect(original).toMatchObject({ format: 'tiff', mimeType: 'image/tiff' });
    expect(await exifr.gps(original.path)).toBeUndefined();
  });

  it.each([
    ['in full size', 64],
    ['scaled', 3000],
  ])('keeps the colours of a TIFF with two extra channels, %s', async (_, side) => {
    const photo = await derive(await manyChannels(side, [0x20, 0x40, 0x80, 0, 0]));
    expect(photo.facts).toMatchObject({ width: side, height: side });
    const { channels } = await sharp(photo.outputs[0]!.path).stats();
    expect(channels.map(({ mean }) => Math.round(mean / 8) * 8)).toEqual([0x20, 0x40, 0x80]);
    expect(photo.color).toBe('#204080');
  });

  it.each([
    ['corrupt_input', async () => (await canvas(400, 400).jpeg().toBuffer()).subarray(0, 900)],
    ['too_many_pixels', () => canvas(2000, 2000).png().toBuffer()],
    ['unsupported_codec', () => manyChannels(8, [1, 2, 3, 4, 5, 6])],
    ['unsupported_codec', async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
  ])('fails with %s', async (code, make) => {
    await expect(derive(await make(), { ...limits, maxPixels: 1e6 })).rejects.toMatchObject({ code, permanent: true });
  });
});

describe('dominantColour', () => {
  it('is that of most pixels, not the mean', () => {
    expect(dominantColour(Uint8Array.of(255, 0, 0, 255, 250, 0, 0, 255, 0, 0, 255, 255))).toBe('#fd0000');
  });

  it('does not count transparent pixels', () => {
    expect(dominantColour(Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 0, 0, 255, 9))).toBe('#0000ff');
    expect(dominantColour(Uint8Array.of(9, 9, 9, 0))).toBe('#ffffff');
  });
});
