import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Json } from '../setup/client.js';
import { phoneExif, picture, video } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ env: { PHOTO_AVIF: 'true' } });
});
afterAll(() => vitrine.stop());

it('with AVIF enabled, the larger sizes come as AVIF to clients that accept it', async () => {
  const ada = await vitrine.signUp();
  const bytes = await picture(1200, 900).withExif(phoneExif).jpeg().toBuffer();
  const media = await ada.publish('photo', bytes);
  const [file] = media.files;
  const made: Json[] = file.renditions.filter(({ mimeType }: Json) => mimeType === 'image/avif');
  expect(made.map(({ name, width, height }) => `${name} ${width}x${height}`).toSorted()).toEqual([
    'large 1200x900',
    'medium 1024x768',
  ]);
  for (const { href, bytes, width, height } of made) {
    const got = await vitrine.client().get(href).expect(200);
    expect([got.bytes.length, got.headers.get('content-type')]).toEqual([bytes, 'image/avif']);
    expect(await sharp(got.bytes).metadata()).toMatchObject({ format: 'heif', compression: 'av1', width, height });
    expect(got.bytes.includes('Testphone')).toBe(false);
  }
  const typeFor = async (accept: string, size = 'medium') => {
    const { headers } = await vitrine.client().get(`/api/photos/${file.url}?size=${size}`, { accept }).expect(200);
    return headers.get('content-type');
  };
  expect(await typeFor('image/avif,image/webp,*/*;q=0.8')).toBe('image/avif');
  expect(await typeFor('image/webp,*/*;q=0.8')).toBe('image/webp');
  expect(await typeFor('image/jpeg')).toBe('image/jpeg');
  expect(await typeFor('image/avif,image/webp;q=0.9', 'thumb'), 'is not made so small').toBe('image/webp');

  const clip = await ada.publish('video', await video('320x180', 1));
  const { body } = await ada.put(`/api/medias/${clip.url}/thumbnail`, { photo: file.url }).expect(200);
  const posters = body.files[0].renditions.filter(({ mimeType }: Json) => mimeType.startsWith('image/'));
  expect(posters).toHaveLength(8);
  for (const { href, mimeType } of posters) {
    const { headers } = await vitrine.client().get(href).expect(200);
    expect(headers.get('content-type')).toBe(mimeType);
  }
});
