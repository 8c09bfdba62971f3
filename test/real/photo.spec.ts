import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { Vitrine } from '../setup/vitrine.js';
import { describeReal, read } from './folder.js';
import { reader, tellTales } from './metadata.js';
import { landscapes, photoCases } from './photo-cases.js';
import { difference, raster, wrongWays } from './pixels.js';

/** Bounding boxes of the sizes, px. */
const boxes: Record<string, [number, number]> = {
  thumb: [320, 320],
  small: [640, 640],
  medium: [1024, 768],
  large: [2048, 2048],
};
const formats: Record<string, string[]> = {
  thumb: ['webp'],
  small: ['webp'],
  medium: ['jpeg', 'webp'],
  large: ['jpeg', 'webp'],
};

describeReal('real photos, as a stranger gets them', () => {
  let vitrine: Vitrine;
  let owner: Client;
  let stranger: Client;
  beforeAll(async () => {
    vitrine = await Vitrine.start();
    owner = await vitrine.signUp();
    stranger = vitrine.client();
  });
  afterAll(() => vitrine.stop());

  /** One size in one format, as it came over HTTP. */
  interface Picture {
    size: string;
    format: string;
    bytes: Buffer;
    said: Json;
  }

  describe.each([...photoCases, ...landscapes])(
    '$name',
    ({ source, width, height, alpha = false, frames, secrets }) => {
      let sent: Buffer;
      let media: Json;
      let pictures: Picture[];
      let original: Picture;
      let moving: Picture[];
      beforeAll(async () => {
        sent = await source();
        const published = await owner.publish('photo', sent);
        media = (await stranger.get(`/api/medias/${published.url}`).expect(200)).body;
        pictures = await Promise.all(
          media.files[0].renditions.map(async (said: Json): Promise<Picture> => {
            const { bytes, headers } = await stranger.get(said.href).expect(200);
            expect(headers.get('content-type')).toBe(said.mimeType);
            return { size: said.name, format: said.mimeType.replace('image/', ''), bytes, said };
          }),
        );
        original = pictures.find(({ size }) => size === 'original')!;
        // Animations have their own specs (colours.spec.ts); here they only must not reveal anything.
        moving = pictures.filter(({ size }) => size === 'animated' || size === 'loop');
        pictures = pictures.filter(({ size }) => size in boxes);
      });

      const upright = () => sharp(sent).autoOrient();

      it('come in every size, upright, fitted and never enlarged', async () => {
        expect(media.files[0]).toMatchObject({ width, height });
        const got = Object.keys(boxes).map((size) => [
          size,
          pictures.flatMap((p) => (p.size === size ? p.format : [])).toSorted(),
        ]);
        expect(Object.fromEntries(got)).toEqual(formats);
        for (const { size, format, bytes, said } of pictures) {
          const found = await sharp(bytes).metadata();
          const scale = Math.min(1, boxes[size]![0] / width, boxes[size]![1] / height);
          expect(found.format).toBe(format);
          expect(found.orientation ?? 1).toBe(1);
          expect(Math.abs(found.width - width * scale), `${size} is ${found.width} wide`).toBeLessThanOrEqual(1);
          expect(Math.abs(found.height - height * scale), `${size} is ${found.height} high`).toBeLessThanOrEqual(1);
          expect(said).toMatchObject({ width: found.width, height: found.height, bytes: bytes.length });
        }
      });

      it('look like a plain conversion of the source, in the right orientation only', async () => {
        const expected = await raster(upright());
        for (const { size, format, bytes } of pictures) {
          const shown = await raster(sharp(bytes));
          expect(difference(shown, expected), `${size} as ${format}`).toBeLessThan(6);
        }
        const large = await raster(sharp(pictures.find(({ size }) => size === 'large')!.bytes));
        const wrong = await wrongWays(expected);
        for (const way of wrong) {
          const isSymmetric = difference(way, expected) < 8;
          if (!isSymmetric) expect(difference(large, way)).toBeGreaterThan(2 * difference(large, expected));
        }
      });

      it('keep transparency in WebP and have a white background in JPEG', async () => {
        const alphaOf = (image: Sharp, w: number, h: number) =>
          image.ensureAlpha().extractChannel(3).resize(w, h, { fit: 'fill' }).raw().toBuffer();
        for (const { format, bytes } of pictures) {
          const { hasAlpha } = await sharp(bytes).metadata();
          expect(hasAlpha).toBe(format === 'webp' && alpha);
          if (format === 'webp' && alpha)
            expect(difference(await alphaOf(sharp(bytes), 64, 64), await alphaOf(upright(), 64, 64))).toBeLessThan(3);
        }
      });

      it('come as the original, too: every pixel and frame, in its format', async () => {
        const [before, after] = [await sharp(sent).metadata(), await sharp(original.bytes).metadata()];
        expect(after).toMatchObject({ format: before.format, width: before.width, height: before.height });
        expect(after.icc?.equals(before.icc!) ?? false).toBe(before.icc !== undefined);
        const pixels = (bytes: Buffer) => sharp(bytes, { animated: true }).autoOrient().raw().toBuffer();
        expect((await pixels(original.bytes)).equals(await pixels(sent))).toBe(true);
        expect(after.pages ?? 1).toBe(frames ?? 1);
      });

      it(`reveal nothing of where and with what they were taken (read with ${reader})`, async () => {
        const files = Object.fromEntries(
          [...pictures, ...moving, original].map(({ size, format, bytes }) => [
            `${size}.${format.replace('video/', '')}`,
            bytes,
          ]),
        );
        expect(await tellTales(files)).toEqual([]);
        if (secrets) expect(await tellTales({ sent }), 'the source does tell').not.toEqual([]);
        for (const secret of secrets ?? []) {
          expect(sent.includes(secret), `${secret} in the source`).toBe(true);
          for (const [name, bytes] of Object.entries(files))
            expect(bytes.includes(secret), `${secret} in ${name}`).toBe(false);
        }
      });

      it('come as sent to their owner only', async () => {
        const raw = `/api/photos/${media.files[0].url}?raw=1`;
        await stranger.get(raw).expect(403, 'not_yours');
        expect((await owner.get(raw).expect(200)).bytes.equals(sent)).toBe(true);
      });
    },
  );

  it('look the same in all eight EXIF orientations', async () => {
    const first = await raster(sharp(await read(landscapes[0]!.name)));
    const { body } = await owner.get('/api/medias?username=me&limit=100').expect(200);
    const eight = body.items.filter(({ files }: Json) => files[0].width === 600 && files[0].height === 450);
    expect(eight).toHaveLength(8);
    for (const { files } of eight) {
      const { bytes } = await stranger.get(`/api/photos/${files[0].url}?size=large&format=webp`).expect(200);
      expect(difference(await raster(sharp(bytes)), first)).toBeLessThan(25);
    }
  });
});
