import { afterAll, beforeAll, expect, it } from 'vitest';
import { Device } from '../setup/device.js';
import { ffmpeg, picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let ada: Account;
let phone: Device;
let other: Device;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  ada = await vitrine.signUp();
  const bob = await vitrine.signUp();
  phone = await new Device(vitrine.origin, { apiKey: ada.apiKey }).ready();
  other = await new Device(vitrine.origin, { apiKey: bob.apiKey }).ready();
}, 120_000);
afterAll(async () => {
  phone.close();
  other.close();
  await vitrine.stop();
});

it('the owner is told of each status of a file, as REST has it, and of none that is missed', async () => {
  const { cursor } = phone;
  const { url } = (await ada.upload('photo', await picture(300, 200).png().toBuffer()).expect(202)).body;
  const statuses = () => phone.of('file.changed').map(({ status }) => status as string);
  const told = await phone.hears('file.changed');
  expect(told).toEqual({ url, status: 'ready', progress: 1, cursor: expect.any(String), at: expect.any(String) });

  await vitrine.db.query(`update files set status = 'failed', failure_code = 'internal' where url = $1`, [url]);
  const failed = await phone.hears('file.changed', ({ status }) => status === 'failed');
  expect(failed.failure).toEqual((await ada.get(`/api/files/${url}`).expect(200)).body.failure);
  await ada.post(`/api/files/${url}/retry`);
  await until(async () => statuses().length === 4, 'the second processing');
  expect(statuses().slice(0, 2)).toEqual(['ready', 'failed']);
  expect(statuses().at(-1)).toBe('ready');
  const { items } = (await ada.get(`/api/events?cursor=${cursor}`).expect(200)).body;
  expect(items).toHaveLength(4);
  expect(items.at(-1)).toMatchObject({ name: 'file.changed', url, status: 'ready', progress: 1 });
  expect(other.of('file.changed')).toEqual([]);
}, 90_000);

it('the owner is told how far a file is, once a second at most', async () => {
  const bytes = await ffmpeg(
    ...['-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30:duration=12,noise=alls=20:allf=t'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '8M', 'busy.mp4'],
  );
  const { url } = (await ada.upload('video', bytes).expect(202)).body;
  const since = performance.now();
  const steps = () => phone.of('file.progress').filter((told) => told.url === url);
  await until(async () => steps().length >= 3, 'three steps', 120_000, 50);
  const took = performance.now() - since;
  const told = steps();
  expect(told[0]).toEqual({ url, status: 'processing', progress: expect.any(Number) });
  const progress = told.map(({ progress }) => progress as number);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(told.length).toBeLessThanOrEqual(took / 1_000 + 2);
  expect(other.of('file.progress')).toEqual([]);
  await phone.hears('file.changed', (changed) => changed.url === url && changed.status === 'ready', 300_000);
}, 400_000);
