import { afterAll, beforeAll, expect, it } from 'vitest';
import sharp from 'sharp';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['image', 'social,mail,maintenance'] });
}, 120_000);
afterAll(() => vitrine.stop());

/** Small to send, inside every limit, and seconds to decode: every pixel is gone over once for each scan. */
const slow = (seed: number) =>
  sharp({ create: { width: 10_000, height: 9_900 + seed, channels: 3, background: '#246' } })
    .jpeg({ progressive: true, optimiseScans: true })
    .toBuffer();

it('pictures that take long to look at hold up neither bytes nor passwords', async () => {
  const ada = await vitrine.signUp();
  const media = await ada.publish('photo', await picture(64, 64).png().toBuffer());
  const { body: shown } = await ada.get(`/api/medias/${media.url}`).expect(200);
  const photo = shown.files[0].renditions.find(({ role }: { role: string }) => role === 'size').href as string;
  const people = await Promise.all(Array.from({ length: 4 }, () => vitrine.signUp()));
  const pictures: Buffer[] = [];
  for (let seed = 0; seed < people.length; seed++) pictures.push(await slow(seed));

  let done = 0;
  const sending = people.map((person, i) => person.upload('photo', pictures[i]!).then(() => (done += 1)));
  // Each is whole, and being looked at.
  await until(
    async () => (await vitrine.stored('storage/incoming')).length >= people.length,
    'all four to be there',
    20_000,
    5,
  );
  const password = { usernameOrEmail: ada.username, password: 'correct horse battery' };
  await Promise.all([
    vitrine.client().get(photo).expect(200),
    vitrine.client().post('/api/users/sign-in', password).expect(200),
  ]);
  expect(done).toBe(0);
  await Promise.all(sending);
}, 180_000);
