import Fastify from 'fastify';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitForOurselves } from './silent-clients.js';

const silentMs = 300;
const server = Fastify({ connectionTimeout: silentMs, keepAliveTimeout: silentMs });
waitForOurselves(server);
server.post('/slow', async () => {
  await wait(5 * silentMs);
  return 'at last';
});
server.get('/stuck', (_request, reply) => reply.send(Readable.from(neverEnding())));
beforeAll(() => server.listen({ port: 0 }));
afterAll(() => server.close());

async function* neverEnding() {
  yield 'begun';
  await new Promise(() => {});
}

function say(...lines: string[]): Socket {
  const { port } = server.server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.write(lines.join('\r\n'));
  return socket;
}

async function heard(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(socket, 'close');
  return text;
}

const post = ['POST /slow HTTP/1.1', 'Host: x', 'Content-Type: text/plain', 'Content-Length: 4', ''];

it('answers a client that has said all, however long that takes, and closes the connection after it', async () => {
  expect(await heard(say(...post, 'body'))).toMatch(/^HTTP\/1.1 200 [^]*at last$/);
});

it('closes the connection of a client that stops in the middle', async () => {
  expect(await heard(say(...post, 'bo'))).toBe('');
});

it('closes the connection of an answer that stops in the middle', async () => {
  expect(await heard(say('GET /stuck HTTP/1.1', 'Host: x', '', ''))).toMatch(/begun/);
});
