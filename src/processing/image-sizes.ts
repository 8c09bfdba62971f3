import type { Sharp } from 'sharp';

export type SizeName = 'thumb' | 'small' | 'medium' | 'large';
export type SizeFormat = 'webp' | 'jpeg';

type Size = { name: SizeName; width: number; height: number; formats: readonly SizeFormat[] };

/** Boxes in px that a picture is fitted inside, largest first; a picture is never enlarged. */
export const imageSizes: readonly Size[] = [
  { name: 'large', width: 2048, height: 2048, formats: ['webp', 'jpeg'] },
  { name: 'medium', width: 1024, height: 768, formats: ['webp', 'jpeg'] },
  { name: 'small', width: 640, height: 640, formats: ['webp'] },
  { name: 'thumb', width: 320, height: 320, formats: ['webp'] },
];

export const sizeFormats = {
  webp: {
    mimeType: 'image/webp',
    extension: 'webp',
    encode: (image: Sharp) => image.webp({ quality: 80, effort: 4, smartSubsample: true }),
  },
  jpeg: {
    mimeType: 'image/jpeg',
    extension: 'jpg',
    // JPEG has no transparency: what was transparent lies on white.
    encode: (image: Sharp) => image.flatten({ background: '#ffffff' }).jpeg({ quality: 82, progressive: true }),
  },
} as const;
