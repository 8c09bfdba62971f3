import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../setup/client.js';
import { Vitrine } from '../setup/vitrine.js';
import { describeReal, pathOf, read } from './folder.js';
import { tellTales } from './metadata.js';
import { frame } from './pixels.js';

/** Average brightness and colourfulness of an RGB raster, 0 to 255. */
function looks(rgb: Buffer) {
  let [brightness, colour] = [0, 0];
  for (let at = 0; at < rgb.length; at += 3) {
    const [r, g, b] = [rgb[at]!, rgb[at + 1]!, rgb[at + 2]!];
    brightness += 0.2126 * r + 0.7152 * g + 0.0722 * b;
    colour += Math.max(r, g, b) - Math.min(r, g, b);
  }
  return { brightness: brightness / (rgb.length / 3), colour: colour / (rgb.length / 3) };
}

describeReal('colours beyond those of a screen, as a stranger gets them', () => {
  let vitrine: Vitrine;
  let owner: Client;
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vitrine-colours-'));
    vitrine = await Vitrine.start();
    owner = await vitrine.signUp();
  });
  afterAll(async () => {
    await vitrine.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it.each(['nasa_13013_hdr.mp4', 'bt2020_10bit.mp4', 'testsrc2_12bit_hdr.mp4'])(
    '%s is neither dark nor washed out',
    async (name) => {
      const { files } = await owner.publish('video', await read(`video/${name}`));
      const { bytes } = await vitrine.client().get(`/api/videos/${files[0].url}/144p.mp4`).expect(200);
      const made = join(dir, name);
      await writeFile(made, bytes);
      const [shown, plain] = [looks(await frame(made, 1)), looks(await frame(pathOf(`video/${name}`), 1))];
      expect(shown.brightness).toBeGreaterThan(plain.brightness * 0.6);
      expect(shown.brightness).toBeLessThan(plain.brightness * 1.8);
      expect(shown.colour).toBeGreaterThan(plain.colour * 0.7);
    },
    120_000,
  );

  describe('a photo of an iPhone', () => {
    it('is upright, and reveals no place', async () => {
      const source = await read('image/photo/iphone-xr-orient6-gps.heic');
      const { files } = await owner.publish('photo', source);
      expect(files[0]).toMatchObject({ width: 3024, height: 4032 });
      const got: [string, Buffer][] = [];
      for (const { name, mimeType, href } of files[0].renditions) {
        const { bytes } = await vitrine.client().get(href).expect(200);
        got.push([`${name}.${mimeType.slice(6)}`, bytes]);
        const { width, height } = await sharp(bytes).metadata();
        expect(height / width, name).toBeCloseTo(4 / 3, 1);
      }
      expect(await tellTales({ source })).not.toEqual([]);
      expect(await tellTales(Object.fromEntries(got))).toEqual([]);
      for (const [name, bytes] of got) expect(bytes.includes('iPhone'), name).toBe(false);
    });
  });

  it('plays a GIF as WebP and as a video', async () => {
    const { files } = await owner.publish('photo', await read('image/formats/rotating-squares.gif'));
    const links = files[0].renditions.filter(({ mimeType, href }: { mimeType: string; href: string }) =>
      /animated\.webp|loop\.mp4/.test(href) ? mimeType : false,
    );
    expect(links.map(({ mimeType }: { mimeType: string }) => mimeType).toSorted()).toEqual(['image/webp', 'video/mp4']);
    for (const { href, mimeType, bytes } of links) {
      const answer = await vitrine.client().get(href).expect(200);
      expect(answer.headers.get('content-type')).toBe(mimeType);
      expect(answer.bytes).toHaveLength(bytes);
      if (mimeType !== 'image/webp') continue;
      // 30 frames of 30 ms, many identical to the previous one, which WebP merges.
      const { delay = [] } = await sharp(answer.bytes).metadata();
      expect(delay.reduce((sum, ms) => sum + ms, 0)).toBe(900);
    }
  });
});
