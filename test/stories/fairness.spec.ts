import { afterAll, beforeAll, expect, it } from 'vitest';
import { picture, video } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start();
});
afterAll(() => vitrine.stop());

it("one user's backlog does not make another wait", async () => {
  const [ada, bob] = [await vitrine.signUp(), await vitrine.signUp()];
  const short = await video('320x180', 2);
  const long = await video('854x480', 15);
  const backlog: string[] = [];
  // Bytes after the end of an MP4 are ignored, but make each a different file.
  for (let i = 0; i < 6; i++) {
    const { body } = await ada.upload('video', Buffer.concat([long, freeBox(i)])).expect(202);
    backlog.push(body.url);
  }
  const { body: clip } = await bob.upload('video', short).expect(202);
  const { body: photo } = await bob.upload('photo', await picture(640, 480).jpeg().toBuffer()).expect(202);
  for (const { url } of [clip, photo]) expect(await bob.settled(url)).toMatchObject({ status: 'ready' });

  const { rows } = await vitrine.db.query(
    `select count(*)::int as waiting from files where status = 'processing' and url = any($1)`,
    [backlog],
  );
  expect(rows[0].waiting).toBeGreaterThanOrEqual(4);
  const { rows: jobs } = await vitrine.db.query(
    `select queue, priority from bullmq.job j join files f on j.id = f.id || '-0' where f.url = any($1) order by f.id`,
    [backlog],
  );
  expect(jobs.map(({ queue, priority }) => `${queue} ${priority}`)).toEqual([
    'express 1',
    'video 2',
    'video 3',
    'video 4',
    'video 5',
    'video 6',
  ]);
}, 120_000);

/** ISO/IEC 14496-12, 8.1.2: a box without meaning. */
function freeBox(n: number): Buffer {
  const box = Buffer.alloc(12);
  box.writeUInt32BE(box.length);
  box.write('free', 4, 'latin1');
  box.writeUInt32BE(n, 8);
  return box;
}
