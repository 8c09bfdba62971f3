/** `npm start`: everything on one machine with one command, which leaves nothing running after Ctrl-C. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Supervisor } from './local/supervisor.js';
import { keepNewFilesPrivate } from './platform/private-dir.js';

keepNewFilesPrivate();

/**
 * npm forwards Ctrl-C to a process that already got it from the terminal: two signals within this time count as one.
 */
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
