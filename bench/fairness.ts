import { atMost, inTurns, report, wallOf, type Settings } from './measure.js';
import { cameraJpeg, clip, freshJpeg, freshMp4 } from './media.js';
import { answer, send, signUp, until, untilReady, withSystem, type System } from './system.js';

const queued = 50;
const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '250', '-c:a', 'aac'];

/** How long a user's photo and short clip take while another user has fifty long clips in the queue, and alone. */
export async function fairness({ pairs }: Settings): Promise<void> {
  const [photo, short, long] = [
    await cameraJpeg(4000, 3000),
    await clip('1280x720', 5, x264),
    await clip('1280x720', 20, x264),
  ];
  await withSystem({}, async (system) => {
    // A different user each time, with nothing in progress and nothing processed recently.
    const newcomer = async () => {
      const user = { ...system, user: await signUp(system.origin, system.db) };
      return wallOf(async () => {
        const sent = [await send(user, 'photo', freshJpeg(photo)), await send(user, 'video', freshMp4(short))];
        await Promise.all(sent.map(({ url }) => untilReady(system, url)));
      });
    };
    const crowded = async () => {
      const urls: string[] = [];
      for (let i = 0; i < queued; i++) urls.push((await send(system, 'video', freshMp4(long))).url);
      await until(() => isEncoding(system), 'an encode to begin');
      const seconds = await newcomer();
      for (const url of urls) await remove(system, url);
      await until(async () => !(await isEncoding(system)), 'the encodes to end');
      return seconds;
    };
    report(
      'fairness, a newcomer beside 50 clips',
      's',
      await inTurns(Math.min(pairs, 2), crowded, newcomer),
      atMost(2),
    );
  });
}

async function isEncoding({ db }: System): Promise<boolean> {
  const { rows } = await db.query<{ n: number }>(
    'select count(*)::int as n from files where progress > 0 and progress < 1',
  );
  return rows[0]!.n > 0;
}

async function remove({ origin, user }: System, url: string): Promise<void> {
  const response = await fetch(`${origin}/api/files/${url}`, { method: 'DELETE', headers: user });
  if (response.status !== 204) await answer(response);
}
