import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';
import { derivePhoto } from '../src/processing/image/image.js';
import { cameraJpeg, freshJpeg, saved, withFolder } from './media.js';
import { atMost, cpuOf, cpuOfProcess, inTurns, report, type Settings } from './measure.js';
import { send, untilReady, withSystem } from './system.js';

const limits = { maxBytes: 2 ** 26, maxPixels: 1e8, maxFrames: 500 };
/** Time for writes that a process does after a job has ended. */
const settleMs = 300;

/** 12 Mpx: the whole job in its worker, and its image part, against sharp alone. */
export async function photo({ pairs }: Settings): Promise<void> {
  const jpeg = await cameraJpeg(4032, 3024);
  await withFolder(async (dir) => {
    const input = await saved(dir, 'photo.jpg', jpeg);
    const bare = () => cpuOf(() => bareSharp(input, join(dir, 'bare')));
    const derive = () => cpuOf(() => derivePhoto(input, join(dir, 'ours'), limits, new AbortController().signal));
    report('photo derive, CPU', 's', await inTurns(pairs, derive, bare), atMost(1.15));

    await withSystem({ workers: ['image', 'social,maintenance'] }, async (system) => {
      const job = async () => {
        const before = await cpuOfProcess(system.pid('image'));
        const { url } = await send(system, 'photo', freshJpeg(jpeg));
        await untilReady(system, url);
        await sleep(settleMs);
        return (await cpuOfProcess(system.pid('image'))) - before;
      };
      report('photo job, CPU', 's', await inTurns(pairs, job, bare), atMost(1.15));
    });
  });
}

/** One decode with shrink-on-load; everything else from its pixels, in parallel. */
async function bareSharp(input: string, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const inside = { fit: 'inside', withoutEnlargement: true } as const;
  const { data, info } = await sharp(input)
    .autoOrient()
    .resize(2048, 2048, inside)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  const webp = { quality: 80, effort: 4, smartSubsample: true };
  const jpeg = { quality: 82, progressive: true };
  const preview = async () => {
    const tiny = await pixels().resize(100, 100, inside).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    rgbaToThumbHash(tiny.info.width, tiny.info.height, tiny.data);
    await pixels().stats();
  };
  await Promise.all([
    pixels().webp(webp).toFile(join(dir, 'large.webp')),
    pixels().jpeg(jpeg).toFile(join(dir, 'large.jpg')),
    pixels().resize(1024, 768, inside).webp(webp).toFile(join(dir, 'medium.webp')),
    pixels().resize(1024, 768, inside).jpeg(jpeg).toFile(join(dir, 'medium.jpg')),
    pixels().resize(640, 640, inside).webp(webp).toFile(join(dir, 'small.webp')),
    pixels().resize(320, 320, inside).webp(webp).toFile(join(dir, 'thumb.webp')),
    preview(),
  ]);
}
