import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../src/platform/ports.js';
import { atMost, report, type Settings } from './measure.js';
import { until } from './system.js';

const cwd = fileURLToPath(new URL('../', import.meta.url));

/**
 * Time of `npm start` with existing data until it answers. The first start, which creates the database, is not counted.
 */
export async function start({ pairs }: Settings): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'vitrine-bench-'));
  try {
    await untilAnswer(dataDir);
    const ours: number[] = [];
    for (let run = 0; run < pairs; run++) ours.push(await untilAnswer(dataDir));
    report('start, warm', 's', { ours }, atMost(3));
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function untilAnswer(dataDir: string): Promise<number> {
  const port = String(await freePort());
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dataDir, PORT: port };
  const begun = performance.now();
  const child = spawn('npm', ['start'], { cwd, env, stdio: ['ignore', 'ignore', 'inherit'], detached: true });
  const answers = async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.status === 200;
  await until(answers, 'npm start', 120_000, 10);
  const seconds = (performance.now() - begun) / 1000;
  const ended = once(child, 'exit');
  process.kill(-child.pid!, 'SIGTERM');
  await ended;
  return seconds;
}
