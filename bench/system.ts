import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { readConfig } from '../src/platform/config/env.js';
import { migrate } from '../src/platform/database/migrate.js';
import { nodeEnv, nodeFlags } from '../src/local/node-flags.js';
import { freePort } from '../src/platform/ports.js';
import { startPostgres } from '../src/local/postgres.js';

const entry = (name: string) => fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url));

export interface System {
  origin: string;
  dataDir: string;
  databaseUrl: string;
  db: pg.Pool;
  /** Headers of a user with all rights of a user. */
  user: Record<string, string>;
  /** Pid of `api`, or of a worker by its queues. */
  pid(name: string): number;
  /** Ends that process only. */
  end(name: string): Promise<void>;
  stop(): Promise<void>;
}
export interface Uploaded {
  url: string;
}

/** The processes as in `npm start`, with a durable database and their own directory. */
export async function startSystem({
  env = {},
  workers = ['image,video,audio', 'social,maintenance'],
  prepare,
}: {
  env?: Record<string, string>;
  workers?: string[];
  /** Before the processes connect. */
  prepare?: (db: pg.Pool) => Promise<void>;
} = {}): Promise<System> {
  const dataDir = await mkdtemp(join(tmpdir(), 'vitrine-bench-'));
  const postgres = await startPostgres({ dataDir: join(dataDir, 'postgres'), durable: true });
  await migrate(readConfig({ DATABASE_URL: postgres.url }));
  const db = new pg.Pool({ connectionString: postgres.url, max: 4 });
  db.on('error', () => {}); // A connection that ends with the database is expected.
  await prepare?.(db);
  const port = await freePort();
  const settings = {
    ...nodeEnv,
    PATH: process.env.PATH,
    PORT: String(port),
    DATA_DIR: dataDir,
    DATABASE_URL: postgres.url,
    LOG_LEVEL: 'warn',
    ...env,
  };
  const processes = new Map<string, ChildProcess>();
  const run = (name: string, script: string, args: string[] = []) =>
    processes.set(
      name,
      spawn(process.execPath, [...nodeFlags, entry(script), ...args], {
        env: settings,
        stdio: ['ignore', 'ignore', 'inherit'],
      }),
    );
  // If a bench ends without stopping the system.
  const kill = () => processes.forEach((child) => child.kill('SIGKILL'));
  process.once('exit', kill);
  const end = async (name: string) => {
    const child = processes.get(name)!;
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  const stop = async () => {
    for (const name of processes.keys()) await end(name);
    await db.end();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
    process.off('exit', kill);
  };
  try {
    run('api', 'main');
    for (const queues of workers) run(queues, 'worker', [`--queues=${queues}`]);
    const origin = `http://127.0.0.1:${port}`;
    await until(async () => (await fetch(`${origin}/readyz`).catch(() => null))?.status === 200, 'the API');
    const user = await signUp(origin, db);
    const pid = (name: string) => processes.get(name)!.pid!;
    return { origin, dataDir, databaseUrl: postgres.url, db, user, pid, end, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs `work` on a system that is removed afterwards, whatever happens. */
export async function withSystem(
  options: Parameters<typeof startSystem>[0],
  work: (system: System) => Promise<void>,
): Promise<void> {
  const system = await startSystem(options);
  try {
    await work(system);
  } finally {
    await system.stop();
  }
}

/** Creates a verified account, without waiting for its mail. */
export async function signUp(origin: string, db: pg.Pool): Promise<Record<string, string>> {
  const username = `bench-${randomBytes(4).toString('hex')}`;
  const body = { username, email: `${username}@example.org`, password: randomBytes(12).toString('hex') };
  const response = await fetch(`${origin}/api/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { apiKey } = await answer<{ apiKey: string }>(response);
  await db.query('update users set email_verified_at = now()');
  return { 'x-api-key': apiKey };
}

export async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} of ${response.url}: ${text}`);
  return JSON.parse(text) as T;
}

export async function send({ origin, user }: System, kind: string, bytes: Buffer): Promise<Uploaded> {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(bytes)]), 'file');
  return answer(await fetch(`${origin}/api/${kind}s/upload`, { method: 'POST', headers: user, body: form }));
}

export async function publish({ origin, user }: System, type: string, files: string[]): Promise<Uploaded> {
  const headers = { ...user, 'content-type': 'application/json' };
  const body = JSON.stringify({ type, files, title: 'A title', tags: ['one', 'two'] });
  return answer(await fetch(`${origin}/api/medias`, { method: 'POST', headers, body }));
}

/**
 * Polls the database, so that polling costs the measured processes nothing.
 * @throws if processing failed
 */
export async function untilReady({ db }: System, url: string, limitMs?: number): Promise<void> {
  const isReady = async () => {
    const { rows } = await db.query<{ status: string }>('select status from files where url = $1', [url]);
    if (rows[0]?.status === 'failed') throw new Error(`Processing of ${url} failed`);
    return rows[0]?.status === 'ready';
  };
  await until(isReady, url, limitMs, 10);
}

export async function until(ask: () => Promise<boolean>, what: string, limitMs = 120_000, everyMs = 50): Promise<void> {
  for (const deadline = Date.now() + limitMs; !(await ask()); await sleep(everyMs))
    if (Date.now() > deadline) throw new Error(`Waited ${limitMs} ms for ${what}`);
}
