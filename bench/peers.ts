import { load } from './load.js';
import { median, report, wallOf, type Settings } from './measure.js';
import { cameraJpeg, clip, freshJpeg, freshMp4 } from './media.js';
import { publish, send, until, untilReady, withSystem, type System } from './system.js';

/** What users notice, in seconds and requests: for comparing with other servers on the same machine. */
export async function peers(_settings: Settings): Promise<void> {
  const jpeg = await cameraJpeg(4032, 3024);
  const h264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '5000k', '-g', '60', '-c:a', 'aac'];
  const video = await clip('1920x1080', 10, h264);
  await withSystem({}, async (system) => {
    const times = async (runs: number, work: () => Promise<number>) => {
      await work();
      const ours: number[] = [];
      for (let run = 0; run < runs; run++) ours.push(await work());
      return ours;
    };
    let photo = '';
    const photoMade = () =>
      wallOf(async () => {
        ({ url: photo } = await send(system, 'photo', freshJpeg(jpeg)));
        await untilReady(system, photo);
      });
    report('peers: 12 Mpx JPEG, all sizes', 's', { ours: await times(5, photoMade) });

    const { url } = await publish(system, 'photo', [photo]);
    const address = { url: `${system.origin}/api/medias/${url}`, headers: system.user };
    await load({ ...address, seconds: 2, connections: 10 });
    const runs = [];
    for (let run = 0; run < 3; run++) runs.push(await load({ ...address, seconds: 4, connections: 10 }));
    report('peers: GET medias/{url}', 'req/s', { ours: runs.map(({ requests }) => requests) });
    report('peers: GET medias/{url}, p99', 'ms', { ours: [median(runs.map(({ p99 }) => p99))] });

    const plays: number[] = [];
    const whole = () => wallOf(async () => plays.push(await firstPlayable(system, video)));
    report('peers: 10 s 1080p, all rungs', 's', { ours: await times(3, whole) });
    report('peers: 10 s 1080p, first playable', 's', { ours: plays.slice(1) });
  });
}

/** Time from sending until the master playlist exists. Then waits for the whole ladder, so that the load is gone. */
async function firstPlayable(system: System, source: Buffer): Promise<number> {
  let url = '';
  const plays = async () =>
    (await fetch(`${system.origin}/api/videos/${url}`, { headers: system.user })).status === 200;
  const wall = await wallOf(async () => {
    ({ url } = await send(system, 'video', freshMp4(source)));
    await until(plays, `${url} to play`, 120_000, 10);
  });
  await untilReady(system, url);
  await system.db.query(`update files set processed_at = processed_at - interval '1 hour'`);
  return wall;
}
