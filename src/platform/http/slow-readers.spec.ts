import Fastify from 'fastify';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { admitReader, maxAllLongAnswers, maxLongAnswers } from './slow-readers.js';

const chunk = Buffer.alloc(64 * 1024);
const server = Fastify();
server.get('/endless', (_request, reply) => {
  admitReader(reply, 300);
  return reply.send(
    new Readable({
      read() {
        this.push(chunk);
      },
    }),
  );
});
server.get('/waiting', (_request, reply) => {
  admitReader(reply, 300);
  return reply.send(new Readable({ read() {} }));
});
/** Long enough for its client to leave before it is admitted. */
server.get('/late', async (_request, reply) => {
  await wait(100);
  admitReader(reply);
  return reply.send(new Readable({ read() {} }));
});
beforeAll(() => server.listen({ port: 0 }));
afterAll(() => server.close());

function ask(path: string, localAddress = '127.0.0.1'): Socket {
  const { port } = server.server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return socket;
}
const statusOf = async (socket: Socket) => {
  const [head] = (await once(socket, 'data')) as [Buffer];
  return Number(head.toString('latin1').split(' ')[1]);
};
const isCutOff = (socket: Socket, ms: number) =>
  Promise.race([once(socket, 'close').then(() => true), wait(ms).then(() => false)]);

it('cuts off a client that stops reading', async () => {
  const stalled = ask('/endless');
  expect(await statusOf(stalled)).toBe(200);
  stalled.pause();
  await wait(1_500);
  stalled.resume();
  expect(await isCutOff(stalled, 5_000)).toBe(true);
});

it('lets a client go on that reads slowly, and one whose source is slow', async () => {
  const waiting = ask('/waiting');
  const slow = ask('/endless');
  slow.on('data', () => {
    slow.pause();
    setTimeout(() => slow.resume(), 5).unref();
  });
  expect(await Promise.all([isCutOff(slow, 2_000), isCutOff(waiting, 2_000)])).toEqual([false, false]);
  slow.destroy();
  waiting.destroy();
});

it('answers so many at a time to one network, and others whatever it does', async () => {
  const all = Array.from({ length: maxLongAnswers }, () => ask('/waiting'));
  await Promise.all(all.map((socket) => once(socket, 'connect')));
  await wait(300);
  const one = ask('/endless');
  expect(await statusOf(one)).toBe(429);
  const other = ask('/endless', '127.0.0.2');
  expect(await statusOf(other)).toBe(200);
  for (const socket of [...all, one, other]) socket.destroy();
  await wait(100);
  const next = ask('/endless');
  expect(await statusOf(next)).toBe(200);
  next.destroy();
});

it('admits only so many of all networks together', async () => {
  const networks = [2, 3, 4, 5].map((n) => `127.0.1.${n}`);
  const all: Socket[] = [];
  // Fewer at a time than a listening socket lets wait.
  while (all.length < maxAllLongAnswers) {
    const more = networks.flatMap((address) => Array.from({ length: 25 }, () => ask('/waiting', address)));
    await Promise.all(more.map((socket) => once(socket, 'connect')));
    all.push(...more);
    await wait(50);
  }
  await wait(300);
  const one = ask('/endless', '127.0.1.6');
  expect(await statusOf(one)).toBe(503);
  for (const socket of [...all, one]) socket.destroy();
  await wait(300);
  const next = ask('/endless', '127.0.1.6');
  expect(await statusOf(next)).toBe(200);
  next.destroy();
});

it('does not count clients that left before, also behind others on a connection', async () => {
  for (let i = 0; i < maxLongAnswers; i += 50) {
    const leaving = Array.from({ length: 50 }, () => ask('/late'));
    await Promise.all(leaving.map((socket) => once(socket, 'connect')));
    await wait(20);
    for (const socket of leaving) socket.destroy();
  }
  const { port } = server.server.address() as AddressInfo;
  const pipelined = connect({ port, host: '127.0.0.1' });
  pipelined.write('GET /late HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(maxLongAnswers));
  await wait(200);
  pipelined.destroy();
  await wait(300);
  const next = ask('/endless');
  expect(await statusOf(next)).toBe(200);
  next.destroy();
});
