import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { picture } from '../setup/make-media.js';
import { manyScans } from '../setup/many-scans.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['image', 'social,mail,maintenance'] });
}, 120_000);
afterAll(() => vitrine.stop());

/** CPU time of the API so far: fields 14 and 15 of proc(5), `/proc/<pid>/stat`, in hundredths. */
async function cpuSeconds(): Promise<number> {
  const text = await readFile(`/proc/${vitrine.processes.get('api')!.pid}/stat`, 'utf8');
  const [user, system] = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}

it('pictures that take long to inspect delay neither delivery nor sign-in', async () => {
  const ada = await vitrine.signUp();
  const media = await ada.publish('photo', await picture(64, 64).png().toBuffer());
  const { body: shown } = await ada.get(`/api/medias/${media.url}`).expect(200);
  const photo = shown.files[0].renditions.find(({ role }: { role: string }) => role === 'size').href as string;
  const people = await Promise.all(Array.from({ length: 4 }, () => vitrine.signUp()));
  // As large as they may be for being decoded here; larger ones are left to the workers.
  const slow = Array.from({ length: 6 }, (_, i) => manyScans(4_000, `picture ${i}`));

  const sending = people.flatMap((person) => slow.map((bytes) => person.upload('photo', bytes)));
  // Of twenty seconds of CPU in total: four are inspected at a time.
  const before = await cpuSeconds();
  await until(async () => (await cpuSeconds()) > before + 3, 'all four to be looked at', 60_000, 20);
  const password = { usernameOrEmail: ada.username, password: 'correct horse battery' };
  const asked = performance.now();
  await Promise.all([
    vitrine.client().get(photo).expect(200),
    vitrine.client().post('/api/users/sign-in', password).expect(200),
  ]);
  // In the same threads it would take until all of them are done.
  expect(performance.now() - asked).toBeLessThan(4_000);
  await Promise.all(sending);
}, 180_000);
