import { mkdir, mkdtemp, readFile, readdir, readlink, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A directory of another host (a container with the same volume) counts as abandoned when unchanged for this long. */
const foreignMaxAgeMs = 48 * 60 * 60 * 1000;

/**
 * Gives `fn` a private directory below `root` and removes it, whatever happens.
 * @param name shown to people who look; need not be unique
 */
export async function withWorkspace<T>(root: string, name: string, fn: (dir: string) => Promise<T>): Promise<T> {
  await mkdir(root, { recursive: true });
  const owner = { host: safe(hostname()), pid: process.pid, start: await startTime(process.pid) };
  const prefix = [safe(name), owner.host, owner.pid, owner.start, ''].join('~');
  const dir = await mkdtemp(path.join(path.resolve(root), prefix));
  try {
    return await fn(dir);
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/** To be called when a process starts: removes what dead processes left in `root`, and kills what still runs in it. */
export async function reapWorkspaces(root: string): Promise<{ removed: string[]; killed: number[] }> {
  const names = await readdir(root).catch(missing<string[]>([]));
  const removed: string[] = [];
  const killed: number[] = [];
  for (const name of names) {
    const dir = path.join(path.resolve(root), name);
    if (!(await isAbandoned(dir))) continue;
    killed.push(...(await killInside(dir)));
    await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    removed.push(name);
  }
  return { removed, killed };
}

const safe = (text: string) => text.replace(/[^a-zA-Z0-9.-]+/g, '-').slice(0, 64);

function missing<T>(fallback: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return fallback;
    throw error;
  };
}

async function isAbandoned(dir: string): Promise<boolean> {
  const parts = path.basename(dir).split('~');
  if (parts.length !== 5) return false;
  const [, host, pid, start] = parts;
  if (host !== safe(hostname())) {
    const { mtimeMs } = await stat(dir);
    return Date.now() - mtimeMs > foreignMaxAgeMs;
  }
  return (await startTime(Number(pid))) !== start;
}

/**
 * Start time of a process in clock ticks since boot (field 22 of `/proc/<pid>/stat`, see proc(5)), or '' if it is gone.
 * It tells a reused process id from its former holder. On other systems than Linux only the id counts.
 */
async function startTime(pid: number): Promise<string> {
  if (process.platform !== 'linux') return isAlive(pid) ? '0' : '';
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(missing(''));
  // The second field is the program's name in parentheses and may contain spaces and parentheses.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Kills every process whose working directory is in `dir`, and waits until it is gone. Linux only. */
async function killInside(dir: string): Promise<number[]> {
  const inside: number[] = [];
  for (const pid of (await readdir('/proc').catch(missing<string[]>([]))).filter((name) => /^\d+$/.test(name))) {
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (cwd === dir || cwd.startsWith(`${dir}${path.sep}`)) inside.push(Number(pid));
  }
  for (const pid of inside) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  for (let waited = 0; waited < 2000 && inside.some(isAlive); waited += 20) await sleep(20);
  return inside;
}
