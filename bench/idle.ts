import { load } from './load.js';
import { atMost, inTurns, report, type Settings } from './measure.js';
import { cameraJpeg, clip, freshMp4 } from './media.js';
import { publish, send, until, untilReady, withSystem, type System } from './system.js';

const seconds = 4;
/** Requests per second: well below what it could answer. */
const rate = 100;

/** p99 of GET medias/{url} during a video encode, against p99 without one. */
export async function idle({ pairs }: Settings): Promise<void> {
  const source = await clip('1920x1080', 8, [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-g',
    '250',
    '-c:a',
    'libmp3lame',
  ]);
  await withSystem({}, async (system) => {
    const { url: photo } = await send(system, 'photo', await cameraJpeg(1600, 1200));
    await untilReady(system, photo);
    const { url } = await publish(system, 'photo', [photo]);
    const p99 = async () =>
      (await load({ url: `${system.origin}/api/medias/${url}`, headers: system.user, seconds, connections: 4, rate }))
        .p99;
    const encoding = async () => {
      const { url } = await send(system, 'video', freshMp4(source));
      await until(() => isEncoding(system, url), 'an encode to begin');
      const during = await p99();
      await untilReady(system, url);
      return during;
    };
    report('idle, p99 during an encode', 'ms', await inTurns(pairs, encoding, p99), atMost(3));
  });
}

async function isEncoding({ db }: System, url: string): Promise<boolean> {
  const { rows } = await db.query<{ progress: number }>('select progress from files where url = $1', [url]);
  return rows[0]!.progress > 0;
}
