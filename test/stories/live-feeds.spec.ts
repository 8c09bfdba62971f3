import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Device } from '../setup/device.js';
import { picture } from '../setup/make-media.js';
import { bareMedias } from '../setup/playlists.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let ada: Account;
let follower: Account;
let muting: Account;
let stranger: Account;
const devices: Device[] = [];
let phones: [Device, Device, Device, Device];
beforeAll(async () => {
  vitrine = await Vitrine.start();
  const twin = await vitrine.startTwin('twin');
  [ada, follower, muting, stranger] = (await Promise.all(Array.from({ length: 4 }, () => vitrine.signUp()))) as [
    Account,
    Account,
    Account,
    Account,
  ];
  for (const one of [follower, muting]) await one.post(`/api/follows/${ada.username}`).expect(201);
  await muting.post(`/api/mutes/${ada.username}`).expect(201);
  await vitrine.settled();
  const at = async (of: Account, origin: string) => {
    const device = await new Device(origin, { apiKey: of.apiKey }).ready();
    devices.push(device);
    return device;
  };
  phones = [
    await at(follower, vitrine.origin),
    await at(follower, twin),
    await at(muting, twin),
    await at(stranger, vitrine.origin),
  ];
  await until(
    async () => (await vitrine.db.query('select from realtime.presences')).rowCount === 4,
    'all to be written down',
  );
}, 120_000);
afterAll(async () => {
  for (const device of devices) device.close();
  await vitrine.stop();
});

const heard = () => phones.map((phone) => phone.of('feed.changed').length);

it('followers who are there are told of what is published and reposted, others are not', async () => {
  const publish = async (visibility: string) =>
    ada.publish('photo', await picture(64, 64).png().toBuffer(), { visibility });
  await publish('private');
  await publish('unlisted');
  await vitrine.settled();
  await sleep(500);
  expect(heard()).toEqual([0, 0, 0, 0]);

  const { url } = await publish('followers');
  for (const phone of phones.slice(0, 2)) expect(await phone.hears('feed.changed')).toEqual({});
  const { items } = (await follower.get('/api/feeds/timeline').expect(200)).body;
  expect(items[0]).toMatchObject({ url });

  const [media] = (await bareMedias(vitrine, stranger, 1)) as [string];
  await ada.post(`/api/medias/${media}/reposts`).expect(201);
  await vitrine.settled();
  await until(async () => heard()[0] === 2 && heard()[1] === 2, 'the repost');
  expect(heard()).toEqual([2, 2, 0, 0]);
}, 60_000);
