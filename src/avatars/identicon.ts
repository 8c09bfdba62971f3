import { toSvg } from 'jdenticon';
import sharp, { type Sharp } from 'sharp';
import type { AvatarFormat } from '../processing/image/avatar.js';

/** Part of its ETag: to be changed with how it looks. */
export const identiconStyle = 'identicon-1';

/** Readable on light and dark pages, and in formats without transparency. */
const style = { backColor: '#f3f4f6', padding: 0.12, saturation: { color: 0.55, grayscale: 0.1 } };

/** SVG of a hash: each has another picture, always the same. @param side px */
export const identiconSvg = (hash: string, side: number): string => toSvg(hash, side, style);

/** Encoders that take milliseconds: anybody may ask for any hash. */
const encoders = {
  webp: (image: Sharp) => image.webp({ quality: 85, effort: 0 }),
  png: (image: Sharp) => image.png({ compressionLevel: 6 }),
  jpeg: (image: Sharp) => image.jpeg({ quality: 85 }),
} satisfies Partial<Record<AvatarFormat, (image: Sharp) => Sharp>>;
export type IdenticonFormat = keyof typeof encoders;
export const identiconFormats = Object.keys(encoders) as IdenticonFormat[];

export const drawIdenticon = (hash: string, side: number, format: IdenticonFormat): Promise<Buffer> =>
  encoders[format](sharp(Buffer.from(identiconSvg(hash, side))).removeAlpha()).toBuffer();
