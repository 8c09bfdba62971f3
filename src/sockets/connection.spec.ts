import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket as Tcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server, type Socket } from 'socket.io';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Identified } from '../auth/socket-credentials.service.js';
import type { Acknowledgement, CommandRunner } from '../platform/realtime/command-runner.js';
import { Connection } from './connection.js';

const MiB = 1024 * 1024;
const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });
/** Answers at once, or never. */
let run: () => Promise<Acknowledgement>;
let closed = 0;
let connection: Connection;

beforeAll(async () => {
  io.on('connection', (socket: Socket) => {
    const identified = { viewer: { id: 'somebody' }, expiresAt: null } as Identified;
    connection = new Connection(socket, identified, { run: () => run() } as unknown as CommandRunner);
    socket.once('disconnect', () => closed++);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
});
afterAll(() => io.close());

it('is closed when its client sends commands, and reads none of the answers', async () => {
  run = async () => ({ data: 'x'.repeat(MiB) });
  const tcp = await opened();
  tcp.pause();
  let sent = 0;
  const send = () => {
    tcp.write(frame(`42${sent++}["command",{}]`));
    // An answer to pings keeps it open otherwise.
    tcp.write(frame('3'));
    return closed;
  };
  await vi.waitUntil(send, { interval: 50, timeout: 30_000 });
  expect(closed).toBe(1);
  tcp.destroy();
}, 60_000);

it('keeps a bounded number of commands waiting, and refuses the others', async () => {
  const waiting: (() => void)[] = [];
  run = () => new Promise((resolve) => waiting.push(() => resolve({ data: null })));
  const tcp = await opened();
  let text = '';
  tcp.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  for (let n = 0; n < 60; n++) {
    tcp.write(frame(`42${n}["command",{}]`));
    await sleep(50);
  }
  expect(text.match(/too_many_requests/g)?.length).toBeGreaterThanOrEqual(20);
  // One runs, the others wait for it.
  expect(waiting).toHaveLength(1);
  connection.close('signed_out');
  tcp.destroy();
}, 30_000);

/** A socket that is let in, whose reading can be paused. */
async function opened(): Promise<Tcp> {
  const tcp = connect((http.address() as AddressInfo).port, '127.0.0.1');
  // It is cut off while it still sends.
  tcp.on('error', () => undefined);
  tcp.write(
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(tcp, 'data');
  const isOpen = once(io, 'connection');
  tcp.write(frame('40'));
  await isOpen;
  return tcp;
}

/** A text of at most 125 bytes (RFC 6455, 5.2), masked with zeros, which change nothing. */
const frame = (text: string) => Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
