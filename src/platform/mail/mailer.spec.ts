import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort, loopback } from '../ports.js';
import { BadAddress, type Mail, Mailer, MailNotConfigured } from './mailer.js';

interface Received {
  subject: string;
  text: string;
  html: string;
  headers: Record<string, string>;
  envelope: { from: { address: string }; to: { address: string }[] };
  to: { address: string; name: string }[];
}
interface Inbox {
  listen(): Promise<void>;
  close(done: () => void): void;
  on(event: 'new', listener: (mail: Received) => void): void;
}
type MailDev = (settings: Record<string, unknown>) => Inbox;

/** A real SMTP server: what counts is what it received. */
let inbox: Inbox;
let dir: string;
let mailer: Mailer;
let received: Received[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vitrine-mail-'));
  const smtp = await freePort();
  const maildev = createRequire(import.meta.url)('maildev') as MailDev;
  inbox = maildev({ mailDirectory: dir, ip: loopback, smtp, disableWeb: true, silent: true });
  inbox.on('new', (mail) => received.push(mail));
  await inbox.listen();
  mailer = new Mailer({ mail: { smtpUrl: `smtp://${loopback}:${smtp}`, from: 'Vitrine <no-reply@vitrine.test>' } });
});

beforeEach(() => {
  received = [];
});

afterAll(async () => {
  mailer.onModuleDestroy();
  await new Promise<void>((resolve) => inbox.close(resolve));
  await rm(dir, { recursive: true });
});

const mail: Mail = { to: { address: 'ada@example.org' }, subject: 'Hi', text: 'words', html: '<p>words</p>' };

async function delivered(changes: Partial<Mail>): Promise<Received> {
  await mailer.send({ ...mail, ...changes });
  await expect.poll(() => received.length).toBe(1);
  return received[0]!;
}

describe('mailer', () => {
  it('delivers subject, both parts and headers', async () => {
    const got = await delivered({ subject: 'Grüße ✨', headers: { 'X-Event': 'e-1' } });
    expect(got).toMatchObject({ subject: 'Grüße ✨', text: 'words', headers: { 'x-event': 'e-1' } });
    expect(got.html).toContain('<p>words</p>');
    expect(got.envelope).toMatchObject({
      from: { address: 'no-reply@vitrine.test' },
      to: [{ address: 'ada@example.org' }],
    });
  });

  it.each([
    'x" <evil@example.org>',
    'Ada <evil@example.org>, Bob',
    'a@b.org, c@d.org',
    'Ada\r\nBcc: evil@example.org',
    'Ada\r\n\r\nbody',
    ';evil@example.org:',
    'Группа: evil@example.org;',
    '=?utf-8?Q?=0D=0ABcc:_evil@example.org?=',
  ])('sends to one recipient only, whatever the name contains: %j', async (name) => {
    const got = await delivered({ to: { address: 'ada@example.org', name } });
    expect(got.envelope.to.map(({ address }) => address)).toEqual(['ada@example.org']);
    expect(got.to.map(({ address }) => address)).toEqual(['ada@example.org']);
    expect(got.headers).not.toHaveProperty('bcc');
    expect(got.text).toBe('words');
  });

  it.each(['subject', 'header'])('allows no %s to inject a header', async (where) => {
    const broken = 'one\r\nBcc: evil@example.org\r\n\r\nwords';
    const got = await delivered(where === 'subject' ? { subject: broken } : { headers: { 'X-Event': broken } });
    expect(got.headers).not.toHaveProperty('bcc');
    expect(got.envelope.to).toHaveLength(1);
    expect(got.text).toBe('words');
  });

  it.each([
    '',
    'ada',
    'a@b.org,c@d.org',
    'a@b.org c@d.org',
    '<a@b.org>',
    'a@b@c.org',
    'a@b.org\r\nRCPT TO:<c@d.org>',
    '"a b"@c.org',
    `${'x'.repeat(65)}@b.org`,
  ])('refuses the address %j', async (address) => {
    await expect(mailer.send({ ...mail, to: { address } })).rejects.toThrow(BadAddress);
  });

  it('fails if no mail server is configured', async () => {
    const none = new Mailer({ mail: { smtpUrl: undefined, from: 'x@y.org' } });
    await expect(none.send(mail)).rejects.toThrow(MailNotConfigured);
  });

  it('fails if the mail server is down', async () => {
    const gone = new Mailer({ mail: { smtpUrl: `smtp://${loopback}:${await freePort()}`, from: 'x@y.org' } });
    await expect(gone.send(mail)).rejects.toThrow('ECONNREFUSED');
    gone.onModuleDestroy();
  });
});
