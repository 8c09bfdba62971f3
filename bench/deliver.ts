import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bulk } from './load.js';
import { atLeast, inTurns, report, type Settings } from './measure.js';
import { clip } from './media.js';
import { withServer } from './server.js';
import { publish, send, untilReady, withSystem, type System } from './system.js';

const MiB = 1024 * 1024;
const totalBytes = 256 * MiB;
const seconds = 3;

/** Ranges that players and downloads request. */
const ranges = { segment: `bytes=${20 * MiB}-${21 * MiB - 1}`, large: `bytes=${100 * MiB}-${164 * MiB - 1}` };

/** Ranges of a public rung of 256 MiB against the same file served by @fastify/static, ten connections each. */
export async function deliver({ pairs }: Settings): Promise<void> {
  await withSystem({}, async (system) => {
    const { path, href } = await largeRung(system);
    await withServer('bare-static', [dirname(path)], async (bareOrigin) => {
      const bare = `${bareOrigin}/${path.slice(dirname(path).length + 1)}`;
      for (const [name, range] of Object.entries(ranges)) {
        const rate = (url: string) => async () =>
          (await bulk({ url, headers: { range }, seconds, connections: 10 })) / MiB;
        report(`deliver ${name}`, 'MiB/s', await inTurns(pairs, rate(system.origin + href), rate(bare)), atLeast(0.85));
      }
    });
  });
}

/** A small video whose single rung is replaced by a large file: its content does not matter here. */
async function largeRung(system: System): Promise<{ path: string; href: string }> {
  const video = await clip('256x144', 2, ['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac']);
  const { url } = await send(system, 'video', video);
  await untilReady(system, url);
  await publish(system, 'video', [url]);
  const { rows } = await system.db.query<{ key: string; name: string }>(
    `update renditions set bytes = $2 where role = 'rung' and file_id = (select id from files where url = $1) returning key, name`,
    [url, totalBytes],
  );
  const [{ key, name }] = rows as [{ key: string; name: string }];
  const path = join(system.dataDir, 'storage/objects', key);
  await writeFile(path, randomBytes(totalBytes));
  return { path, href: `/api/videos/${url}/${name}.mp4` };
}
