import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Child, type OnDeath } from './children.js';
import { freePort, loopback } from '../platform/ports.js';

const script = fileURLToPath(new URL('./inbox-process.js', import.meta.url));
const preferred = { smtp: 1025, web: 1080 };
/** Retries when another process takes a port that was free. */
const maxAttempts = 5;

export interface Inbox {
  child: Child;
  smtpUrl: string;
  webUrl: string;
}

/**
 * An SMTP server that delivers nothing and shows every mail on a web page, for machines without a mail server.
 * @param dir where mails are stored
 */
export async function startInbox(dir: string, env: NodeJS.ProcessEnv, onDeath: OnDeath): Promise<Inbox> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  let ports = preferred;
  let settled = false;
  const command = async () => {
    if (!settled) ports = { smtp: await freePort(preferred.smtp), web: await freePort(preferred.web) };
    return { script, args: [dir, String(ports.smtp), String(ports.web)], env };
  };
  const child = await new Promise<Child>((resolve, reject) => {
    const starting = new Child('inbox', command, (name, how, inARow) => {
      if (settled) return onDeath(name, how, inARow);
      if (inARow < maxAttempts) return;
      starting.kill();
      reject(new Error(`The mail inbox does not start (${how})`));
    });
    void starting.ready.then(() => resolve(starting));
  });
  settled = true;
  return { child, smtpUrl: `smtp://${loopback}:${ports.smtp}`, webUrl: `http://${loopback}:${ports.web}` };
}
