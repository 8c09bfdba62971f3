import { rgbaToThumbHash } from 'thumbhash';
import type { Sharp } from 'sharp';

/** What is shown until a picture has come: a ThumbHash in base64 and its dominant colour as `#rrggbb`. */
export type Placeholder = { placeholder: string; color: string };

/** ThumbHash takes no more than this on a side, px. */
const side = 100;

export async function placeholderOf(image: Sharp): Promise<Placeholder> {
  const { data, info } = await image
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const hash = rgbaToThumbHash(info.width, info.height, data);
  return { placeholder: Buffer.from(hash).toString('base64'), color: dominantColour(data) };
}

/** The mean colour of the fullest of 512 boxes of like colours; what is transparent counts for nothing. */
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
  // Nothing but transparency: what it lies on will be seen.
  if (!weight) return '#ffffff';
  return `#${sums
    .map((sum) =>
      Math.round(sum / weight)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}
