/** `npm start`: everything on one machine, from one command, and nothing left of it after Ctrl-C. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Supervisor } from './local/supervisor.js';
import { keepNewFilesPrivate } from './platform/private-dir.js';

keepNewFilesPrivate();

/** npm passes Ctrl-C on to a process that the terminal has told already: two signals at once are one wish. */
const sameWishMs = 1_000;

if (existsSync('.env')) process.loadEnvFile('.env');

const stop = new AbortController();
const supervisor = new Supervisor(process.env, stop);
let askedAt = 0;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    askedAt ||= Date.now();
    if (Date.now() - askedAt < sameWishMs) return stop.abort();
    supervisor.kill();
    process.exit(1);
  });

try {
  await supervisor.start();
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
} catch (error) {
  supervisor.fail(error);
}
await supervisor.stop();
process.exit(supervisor.failed ? 1 : 0);
