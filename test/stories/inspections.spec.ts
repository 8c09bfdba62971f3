import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveBinaries } from '../../src/processing/run/binaries.js';
import { picture, song } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

/** As many as inspect at once on any machine (uploads/settle.service.ts). */
const everyPlace = 12;
let dir: string;
let vitrine: Vitrine;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vitrine-inspections-'));
  const { ffprobe } = await resolveBinaries();
  // As slow as with a file that takes long, but for no CPU.
  const slow = `#!/bin/sh\nwhile [ ! -e ${dir}/released ]; do sleep 0.1; done\nexec ${ffprobe} "$@"\n`;
  await writeFile(join(dir, 'ffprobe'), slow, { mode: 0o755 });
  vitrine = await Vitrine.start({ env: { FFPROBE_PATH: join(dir, 'ffprobe') } });
});
afterAll(async () => {
  await vitrine.stop();
  await rm(dir, { recursive: true, force: true });
});

it('a photo does not wait for music that takes long to inspect', async () => {
  const musicians = await Promise.all(Array.from({ length: everyPlace }, () => vitrine.signUp()));
  const photographer = await vitrine.signUp();
  const bytes = await song(1);
  const answers: number[] = [];
  const sending = musicians.map(async (musician) => {
    answers.push((await musician.upload('music', bytes)).status);
  });
  const waiting = async () => (await vitrine.stored('storage/incoming')).length === everyPlace;
  await until(waiting, 'all music to be here');

  await photographer.upload('photo', await picture(80, 60).png().toBuffer()).expect(202);
  expect(answers).toEqual([]);
  await writeFile(join(dir, 'released'), '');
  await Promise.all(sending);
  expect(answers).toEqual(Array(everyPlace).fill(202));
});
