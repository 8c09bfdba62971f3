import { randomUUID } from 'node:crypto';
import type { Socket as NetSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Bus } from '../../src/platform/bus/bus.js';
import { PgWire } from '../../src/platform/bus/pg-wire.js';
import { Signals } from '../../src/platform/realtime/signals.js';
import type { Json } from '../setup/client.js';
import { Device } from '../setup/device.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let origins: [string, string];
let bus: Bus;
let signals: Signals;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  origins = [vitrine.origin, await vitrine.startTwin('twin')];
  // As any other process does.
  bus = new Bus(new PgWire(vitrine.databaseUrl));
  signals = new Signals(bus);
}, 120_000);
afterAll(async () => {
  await bus.beforeApplicationShutdown();
  await vitrine.stop();
});

const progress = (at: number) => ({ url: 'x', status: 'processing' as const, progress: at });

it('a signal is told to all sockets of its users, on every process, and to nobody else', async () => {
  const [ada, bob] = [await vitrine.signUp(), await vitrine.signUp()];
  const adas = await Promise.all(origins.map((origin) => new Device(origin, { apiKey: ada.apiKey }).ready()));
  const bobs = await new Device(vitrine.origin, { apiKey: bob.apiKey }).ready();
  const { userId } = adas[0]!.of('ready')[0];
  // More than fit into one message.
  const many = [...Array.from({ length: 1_000 }, () => randomUUID()), userId];
  signals.tell(many, 'file.progress', progress(0.5));
  for (const device of adas) expect(await device.hears('file.progress')).toEqual(progress(0.5));
  await sleep(300);
  expect(adas.map((device) => device.of('file.progress').length)).toEqual([1, 1]);
  expect(bobs.heard.map(({ name }) => name)).toEqual(['ready']);
  expect(() => signals.tell(many, 'file.progress', { ...progress(0), url: 'x'.repeat(5_000) })).toThrow(RangeError);
  for (const device of [...adas, bobs]) device.close();
});

it('one that only says "look" is told every five seconds at most, and the last one is not lost', async () => {
  const eve = await vitrine.signUp();
  const device = await new Device(vitrine.origin, { apiKey: eve.apiKey }).ready();
  const { userId } = device.of('ready')[0];
  const since = performance.now();
  for (let i = 0; i < 10; i++) {
    signals.tell([userId], 'feed.changed', {});
    await sleep(50);
  }
  expect(device.of('feed.changed')).toEqual([{}]);
  await until(async () => device.of('feed.changed').length === 2, 'the second', 10_000, 20);
  expect(performance.now() - since).toBeGreaterThan(4_900);
  await sleep(5_500);
  expect(device.of('feed.changed')).toHaveLength(2);
  device.close();
}, 30_000);

it('nothing is kept for a client that does not read', async () => {
  const max = await vitrine.signUp();
  const { socket, userId } = await new Promise<{ socket: Socket; userId: string }>((resolve) => {
    const socket = io(vitrine.origin, { transports: ['websocket'], forceNew: true, auth: { apiKey: max.apiKey } });
    socket.once('ready', (ready: Json) => resolve({ socket, userId: ready.userId }));
  });
  let heard = 0;
  let last = -1;
  socket.on('file.progress', (told: Json) => {
    heard++;
    last = told.progress;
  });
  const { ws } = socket.io.engine.transport as unknown as { ws: { _socket: NetSocket } };
  ws._socket.pause();
  // Several times what the network keeps by itself.
  const count = 10_000;
  const url = 'x'.repeat(3_500);
  for (let i = 0; i < count; i++) signals.tell([userId], 'file.progress', { ...progress(0.1), url });
  // They come in order, so that another device knows when all have been sent.
  const other = await new Device(vitrine.origin, { apiKey: max.apiKey }).ready();
  signals.tell([userId], 'file.progress', progress(0.9));
  await other.hears('file.progress', (told) => told.progress === 0.9, 60_000);
  ws._socket.resume();
  await until(
    async () => {
      signals.tell([userId], 'file.progress', progress(1));
      return last === 1;
    },
    'it to be told again',
    20_000,
  );
  expect(heard).toBeGreaterThan(64);
  expect(heard).toBeLessThan(count / 2);
  other.close();
  socket.close();
}, 90_000);
