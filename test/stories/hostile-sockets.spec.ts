import { once } from 'node:events';
import { connect as openTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Device } from '../setup/device.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let apiKey: string;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  ({ apiKey } = await vitrine.signUp());
});
afterAll(() => vitrine.stop());

describe('bad clients', () => {
  const raw = async () => {
    const socket = new WebSocket(`${vitrine.origin.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    await once(socket, 'open');
    return socket;
  };
  const closes = (socket: WebSocket, limitMs: number) =>
    until(async () => socket.readyState === WebSocket.CLOSED, 'a closed socket', limitMs, 20);

  it('are closed: silent ones, those who leave their namespace, large and broken packets', async () => {
    const silent = await raw();
    const left = await raw();
    left.send(`40${JSON.stringify({ apiKey })}`);
    await once(left, 'message');
    await once(left, 'message');
    left.send('41');
    const large = await raw();
    large.send(`40${'x'.repeat(40_000)}`);
    const broken = await Promise.all(
      ['hello', '42{', '5999-', '421["disconnect"]', '40{"a":', '\u0000'].map(async (packet) => {
        const socket = await raw();
        socket.send(packet);
        return socket;
      }),
    );
    await closes(left, 3_000);
    await closes(large, 3_000);
    await closes(silent, 8_000);
    for (const socket of broken) await closes(socket, 8_000);
    expect((await fetch(`${vitrine.origin}/livez`)).status).toBe(200);
  }, 30_000);

  it('that leave before they are admitted are not counted', async () => {
    for (let i = 0; i < 4; i++) {
      const leaving = await Promise.all(Array.from({ length: 60 }, raw));
      for (const socket of leaving) socket.send(`40${JSON.stringify({ apiKey })}`);
      for (const socket of leaving) socket.close();
      for (const socket of leaving) await closes(socket, 10_000);
    }
    const device = await new Device(vitrine.origin, { apiKey }).ready();
    device.close();
  }, 60_000);

  it('that ask again and again to be let in are closed', async () => {
    const socket = await raw();
    let refused = 0;
    socket.addEventListener('message', ({ data }) => void (String(data).startsWith('44') && refused++));
    for (let i = 0; i < 50; i++) socket.send(`40${JSON.stringify({ apiKey: `vt_${i}` })}`);
    await closes(socket, 3_000);
    expect(refused).toBeLessThanOrEqual(5);
    const elsewhere = await raw();
    elsewhere.send(`40${JSON.stringify({ apiKey })}`);
    await once(elsewhere, 'message');
    for (let i = 0; i < 50; i++) elsewhere.send(`40/elsewhere${i},`);
    await closes(elsewhere, 3_000);
  });

  it('that send pings faster than they are answered are closed', async () => {
    const { hostname, port } = new URL(vitrine.origin);
    const socket = openTcp(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    await once(socket, 'data');
    const begun = performance.now();
    // Empty, masked with zeros (RFC 6455, 5.5.2).
    socket.write(Buffer.alloc(6 * 10_000, Buffer.from([0x89, 0x80, 0, 0, 0, 0])));
    socket.resume();
    await once(socket, 'close');
    // Silent ones are closed after five seconds.
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  it('that only upgrade elsewhere are closed', async () => {
    const { hostname, port } = new URL(vitrine.origin);
    const socket = openTcp(Number(port), hostname);
    socket.write(
      `GET /elsewhere HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    socket.resume();
    await once(socket, 'close');
  });
});
