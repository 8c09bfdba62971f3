import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freePort, loopback } from '../../src/platform/embedded/ports.js';

const script = fileURLToPath(new URL('../../dist/platform/embedded/inbox-process.js', import.meta.url));

/** The same mail server as `npm start` brings. */
export async function startSink(dir: string) {
  await mkdir(dir, { recursive: true });
  const smtp = await freePort(2500);
  const web = await freePort(smtp + 1);
  const child = spawn(process.execPath, [script, dir, String(smtp), String(web)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return {
    smtpUrl: `smtp://${loopback}:${smtp}`,
    webUrl: `http://${loopback}:${web}`,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
