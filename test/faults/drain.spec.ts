import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import { Device } from '../setup/device.js';
import { Forwarder } from '../setup/forwarder.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

/** As many as a user may have. */
const socketsOfOne = 20;
const people = 25;
/** Then it would end itself, and not with 0. */
const graceMs = 25_000;
const everyMs = 10;
const leaving = 'leaving';

let vitrine: Vitrine;
let users: Person[];
/** Where clients connect to. */
let forwarder: Forwarder;
let devices: Device[] = [];
beforeAll(async () => {
  // Each socket comes from a network of its own.
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'], env: { TRUST_PROXY: '127.0.0.1' } });
  forwarder = await Forwarder.to(await vitrine.startTwin(leaving));
  users = await Promise.all(Array.from({ length: people }, () => newPerson(vitrine)));
}, 120_000);
afterAll(async () => {
  for (const device of devices) device.close();
  await forwarder.stop();
  await vitrine.stop();
});

it(`a process that ends tells its ${people * socketsOfOne} sockets, which go on at another one and miss nothing`, async () => {
  devices = users.flatMap(({ key }, i) =>
    Array.from({ length: socketsOfOne }, (_, n) => {
      const headers = { 'x-forwarded-for': `10.0.${i}.${n}` };
      return new Device(forwarder.origin, { apiKey: key }, { reconnects: true, headers });
    }),
  );
  for (const device of devices) await device.ready();
  const [leavingOnes] = (await vitrine.db.query('select count(*)::int as count from realtime.presences')).rows;
  expect(leavingOnes.count).toBeGreaterThan(0);

  const writer = { goesOn: true };
  const writing = (async () => {
    for (let i = 0; writer.goesOn; i++) {
      await vitrine.db.query(
        `insert into realtime.pending (user_ids, name, ids) values ($1, 'notification.changed', $2)`,
        [[users[i % people]!.id, users[(i * 7) % people]!.id], { id: randomUUID() }],
      );
      await sleep(everyMs);
    }
  })();
  await sleep(1_000);
  const since = performance.now();
  const ended = vitrine.end(leaving, 'SIGTERM');
  forwarder.target = vitrine.origin;
  expect(await ended).toBe(0);
  const tookMs = performance.now() - since;
  expect(tookMs).toBeLessThan(graceMs);
  await until(async () => devices.every(({ isConnected }) => isConnected), 'all to be back', 60_000);
  const backMs = performance.now() - since;
  await sleep(1_000);
  writer.goesOn = false;
  await writing;

  await until(async () => (await vitrine.db.query('select from realtime.pending')).rowCount === 0, 'all numbers');
  const { rows } = await vitrine.db.query<{ user_id: string; ids: string[] }>(
    `select user_id, array_agg(ids ->> 'id' order by seq) as ids from realtime.log group by user_id`,
  );
  const log = new Map(rows.map(({ user_id, ids }) => [user_id, ids]));
  expect(log.size).toBe(people);
  for (const [i, device] of devices.entries()) {
    const expected = log.get(users[Math.floor(i / socketsOfOne)]!.id)!;
    await until(async () => device.of('notification.changed').length >= expected.length, 'all events', 30_000);
    expect(device.of('notification.changed').map(({ id }) => id as string)).toEqual(expected);
    expect(device.of('closing')).toEqual([{ code: 'draining', retryAfterMs: expect.any(Number) }]);
    expect(device.of('ready').map(({ resumed }) => resumed)).toEqual([false, true]);
  }
  console.log(
    `${devices.length} sockets: ended in ${Math.round(tookMs)} ms, all back in ${Math.round(backMs)} ms, ` +
      `${[...log.values()].reduce((sum, ids) => sum + ids.length, 0)} events meanwhile`,
  );
}, 180_000);
