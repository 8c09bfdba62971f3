import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { startTime } from './process-table.js';

export class Locked extends Error {
  constructor(readonly pid: number) {
    super(`Held by process ${pid}`);
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/**
 * An exclusive lock as a file that names its holder (pid and start time, so that neither a `kill -9` nor a reused pid
 * leaves it locked).
 * @returns a function that releases it
 * @throws {Locked}
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  const mine = `${path}.${randomUUID()}`;
  await writeFile(mine, `${process.pid} ${await startTime(process.pid)}\n`, { mode: 0o600 });
  try {
    while (!(await claimed(mine, path))) await removeIfStale(path);
  } finally {
    await rm(mine, { force: true });
  }
  return () => rm(path, { force: true });
}

/** Only one of several contenders can create a hard link. */
async function claimed(mine: string, path: string): Promise<boolean> {
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function removeIfStale(path: string): Promise<void> {
  const holder = await readFile(path, 'utf8').catch(() => null);
  if (holder === null) return;
  const [pid, since] = holder.trim().split(' ');
  if (since !== 'null' && since === (await startTime(Number(pid)))) throw new Locked(Number(pid));
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
  // Another process may have replaced the stale lock with a valid one meanwhile: put that back.
  const moved = await readFile(aside, 'utf8').catch(() => holder);
  if (moved !== holder) await claimed(aside, path);
  await rm(aside, { force: true });
}
