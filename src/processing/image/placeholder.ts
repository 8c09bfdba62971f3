import { rgbaToThumbHash } from 'thumbhash';
import type { Sharp } from 'sharp';

/** Shown until a picture has loaded: a ThumbHash in base64, and the dominant colour as `#rrggbb`. */
export type Placeholder = { placeholder: string; color: string };

/** px. ThumbHash accepts no larger pictures. */
const maxSide = 100;

export async function placeholderOf(image: Sharp): Promise<Placeholder> {
  const { data, info } = await image
    .resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const hash = rgbaToThumbHash(info.width, info.height, data);
  return { placeholder: Buffer.from(hash).toString('base64'), color: dominantColour(data) };
}

/** Mean colour of the most frequent of 512 groups of similar colours. Transparent pixels do not count. */
export function dominantColour(rgba: Uint8Array): string {
  const boxes = new Map<number, [weight: number, r: number, g: number, b: number]>();
  for (let at = 0; at + 3 < rgba.length; at += 4) {
    const [r, g, b, alpha] = [rgba[at]!, rgba[at + 1]!, rgba[at + 2]!, rgba[at + 3]!];
    const key = ((r >> 5) << 6) | ((g >> 5) << 3) | (b >> 5);
    const box = boxes.get(key) ?? [0, 0, 0, 0];
    boxes.set(key, [box[0] + alpha, box[1] + r * alpha, box[2] + g * alpha, box[3] + b * alpha]);
  }
  const fullest = [...boxes.values()].reduce((a, b) => (b[0] > a[0] ? b : a), [0, 0, 0, 0]);
  const [weight, ...sums] = fullest;
  // All pixels are transparent: the background is assumed to be white.
  if (!weight) return '#ffffff';
  return `#${sums
    .map((sum) =>
      Math.round(sum / weight)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}
