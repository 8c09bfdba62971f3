import { atMost, report, residentBytes, type Settings } from './measure.js';
import { cameraJpeg, freshJpeg } from './media.js';
import { send, until, withSystem, type System } from './system.js';

const KiB = 1024;
const [warm, all] = [200, 1_000];
const every = 25;
/** Uploads kept in the queue, so that the worker never waits. */
const ahead = 6;
const sizes = [
  [400, 300],
  [300, 400],
  [640, 480],
  [200, 150],
  [350, 350],
] as const;

/** Whether an image worker grows with its work: KiB of resident memory per image, from the 200th to the 1,000th. */
export async function memory(_settings: Settings): Promise<void> {
  const originals = await Promise.all(sizes.map(([width, height], i) => cameraJpeg(width, height, i)));
  await withSystem({ workers: ['image', 'social,maintenance'] }, async (system) => {
    const points: [images: number, KiB: number][] = [];
    const measured = (images: number) => {
      if (images < warm || images % every) return;
      return residentBytes(system.pid('image')).then((bytes) => void points.push([images, bytes / KiB]));
    };
    let [sent, done] = [0, 0];
    const more = async () => {
      for (; sent < Math.min(all, done + ahead); sent++)
        await send(system, 'photo', freshJpeg(originals[sent % sizes.length]!));
      const before = done;
      await until(async () => (done = await finished(system)) > before, 'the next image', 60_000, 5);
      for (let images = before + 1; images <= done; images++) await measured(images);
      return done >= all;
    };
    while (!(await more()));
    report('memory, worker per image', 'KiB', { ours: [slope(points)] }, atMost(10));
    report('memory, worker after work', 'MiB', { ours: [points.at(-1)![1] / KiB] });
  });
}

async function finished({ db }: System): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`select count(*)::int as n from files where status <> 'processing'`);
  return rows[0]!.n;
}

/** Least squares. */
function slope(points: [x: number, y: number][]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map((p) => p[0])), mean(points.map((p) => p[1]))];
  const covariance = points.reduce((sum, p) => sum + (p[0] - x) * (p[1] - y), 0);
  return covariance / points.reduce((sum, p) => sum + (p[0] - x) ** 2, 0);
}
