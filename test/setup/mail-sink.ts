import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freePort, loopback } from '../../src/platform/ports.js';

const script = fileURLToPath(new URL('../../dist/local/inbox-process.js', import.meta.url));
/** Retries when another run takes a port that was free. */
const maxTries = 5;

/** The mail server of `npm start`. */
export async function startSink(dir: string) {
  await mkdir(dir, { recursive: true });
  for (let tries = 0; tries < maxTries; tries++) {
    const smtp = await freePort(randomInt(20_000, 50_000));
    const web = await freePort(smtp + 1);
    const child = spawn(process.execPath, [script, dir, String(smtp), String(web)], {
      stdio: ['ignore', 'ignore', tries === maxTries - 1 ? 'inherit' : 'ignore', 'ipc'],
    });
    const isUp = await Promise.race([once(child, 'message').then(() => true), once(child, 'exit').then(() => false)]);
    if (!isUp) continue;
    return {
      smtpUrl: `smtp://${loopback}:${smtp}`,
      webUrl: `http://${loopback}:${web}`,
      async stop() {
        child.kill('SIGTERM');
        await once(child, 'exit');
      },
    };
  }
  throw new Error('The mail server of the tests does not start');
}
