import sharp from 'sharp';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AvatarClient, avatarSecret, newHash, square } from '../setup/avatars.js';
import { chance } from '../setup/chance.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let avatars: AvatarClient;
beforeAll(async () => {
  vitrine = await Vitrine.start({ env: { AVATAR_JWT_SECRET: avatarSecret }, workers: ['social,maintenance'] });
  avatars = new AvatarClient(vitrine.client());
});
afterAll(() => vitrine.stop());

it('kill -9 of the API during uploads leaves the picture that was acknowledged, or a later one, whole', async () => {
  const hash = newHash();
  const choose = chance('moments of kills');
  const colours = ['#ff0000', '#00ff00', '#0000ff'];
  const pictures = await Promise.all(colours.map((colour) => square(colour, 1100)));
  for (let round = 0; round < 5; round++) {
    let acknowledged = false;
    const uploads = pictures.map((picture) =>
      avatars.upload(hash, picture).then(
        ({ status }) => (acknowledged ||= status === 200 || status === 201),
        () => false,
      ),
    );
    await sleep(choose(900));
    await vitrine.end('api', 'SIGKILL');
    await Promise.all(uploads);
    await vitrine.startApi();
    const { status } = await avatars.has(hash);
    if (acknowledged) expect(status).toBe(204);
    for (const size of ['small', 'original']) {
      const { bytes } = await avatars.read(`${hash}/${size}`);
      expect(await sharp(bytes).stats()).toMatchObject({ isOpaque: true });
    }
  }
  await vitrine.settled();
  await avatars.upload(hash, pictures[0]!);
  expect(await avatars.isColour(hash, [255, 0, 0])).toBe(true);
  const { stdout } = await vitrine.command('integrity');
  expect(stdout).toBe('');
}, 120_000);
