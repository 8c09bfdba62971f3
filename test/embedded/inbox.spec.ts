import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../setup/client.js';
import { startSink } from '../setup/mail-sink.js';
import { until } from '../setup/until.js';

let dir: string;
let sink: Awaited<ReturnType<typeof startSink>>;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vitrine-inbox-'));
  sink = await startSink(dir);
  await createTransport(sink.smtpUrl).sendMail({
    from: 'vitrine@example.org',
    to: 'ada@example.org',
    subject: '123456 is your code',
    text: 'Use it.',
  });
  await until(async () => (await mails()).length === 1, 'the mail to arrive');
});
afterAll(async () => {
  await sink?.stop();
  await rm(dir, { recursive: true, force: true });
});

const mails = async (): Promise<Json[]> => (await fetch(`${sink.webUrl}/email`)).json() as Promise<Json[]>;

/** A request with a `Host` of our choice, which fetch does not send. */
async function ask(method: string, path: string, headers: Record<string, string>) {
  const sent = request(sink.webUrl + path, { method, headers }).end();
  const [answer] = await Promise.race([once(sent, 'response'), once(sent, 'upgrade')]);
  let text = '';
  if (answer.statusCode === 101) sent.destroy();
  else for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode as number, headers: answer.headers as Record<string, string>, text };
}

const upgrade = {
  connection: 'upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': Buffer.alloc(16).toString('base64'),
};
const socket = '/socket.io/?EIO=4&transport=websocket';

describe('the inbox of npm start', () => {
  it.each<[string, Record<string, string>]>([
    ['a page of another origin', { origin: 'https://evil.example' }],
    ['a page of another port', { origin: 'http://localhost:3000' }],
    ['a page without an origin', { origin: 'null' }],
    ['a name that was pointed here', { host: 'evil.example:1080' }],
    ['a name that was pointed here, by its own page', { host: 'evil.example', origin: 'http://evil.example' }],
    [
      'an <img> of another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    ],
    [
      'a frame of another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ],
  ])('is closed to %s', async (_, headers) => {
    for (const [method, path] of [
      ['GET', '/email'],
      ['DELETE', '/email/all'],
      ['OPTIONS', '/email/all'],
      ['GET', '/socket.io/?EIO=4&transport=polling'],
    ] as const) {
      const { status, headers: said, text } = await ask(method, path, headers);
      expect([path, status]).toEqual([path, 403]);
      expect(Object.keys(said).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(text).not.toContain('123456');
    }
    expect((await ask('GET', socket, { ...headers, ...upgrade })).status).toBe(403);
    expect(await mails()).toHaveLength(1);
  });

  it('is open to its own page, to programs, and to links', async () => {
    const { host, origin } = new URL(sink.webUrl);
    for (const headers of [
      {},
      { origin },
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      { host: host.replace('127.0.0.1', 'localhost') },
    ]) {
      const answer = await ask('GET', '/email', headers as Record<string, string>);
      expect([headers, answer.status]).toEqual([headers, 200]);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      expect(answer.headers['x-frame-options']).toBe('SAMEORIGIN');
    }
    expect((await ask('GET', socket, { origin, ...upgrade })).status).toBe(101);
  });
});
