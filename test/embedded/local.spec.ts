import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort, loopback } from '../../src/platform/ports.js';
import { commandLine, waitUntil } from '../../src/local/process-table.js';
import { fastDir } from '../setup/fast-dir.js';

const local = fileURLToPath(new URL('../../dist/local.js', import.meta.url));
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const startMs = 60_000;
/** Variables that the suite sets, and that would keep the supervisor from starting its own services. */
const notInherited = ['DATABASE_URL', 'SMTP_URL', 'REDIS_URL', 'AUTH_SECRET', 'NODE_ENV', 'PORT', 'HOST'];

let root: string;
let started: ChildProcess[];

beforeAll(() => {
  if (!existsSync(local)) throw new Error('Build first: dist/local.js is what is tested here.');
});

beforeEach(async () => {
  root = await mkdtemp(join(fastDir(), 'vitrine-local-'));
  started = [];
});

afterEach(async () => {
  for (const child of started) child.kill('SIGKILL');
  await waitUntil(async () => (await left(root)).length === 0, 10_000);
  for (const { pid } of await left(root)) process.kill(pid, 'SIGKILL');
  await rm(root, { recursive: true });
}, startMs);

/** Every process whose environment or command line contains a path. */
async function left(path: string): Promise<{ pid: number; line: string }[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const found = pids.map(async (pid) => {
    const line = (await commandLine(pid)).join(' ');
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    return line && `${environment} ${line}`.includes(path) ? [{ pid, line }] : [];
  });
  return (await Promise.all(found)).flat();
}

function start(settings: { dir?: string; port?: number; env?: NodeJS.ProcessEnv } = {}) {
  const dataDir = join(root, settings.dir ?? 'data');
  const port = settings.port ?? 0;
  const inherited = Object.entries(process.env).filter(([name]) => !notInherited.includes(name));
  const env = { ...Object.fromEntries(inherited), PORT: String(port), DATA_DIR: dataDir, ...settings.env };
  const child = spawn(process.execPath, [local], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (text: Buffer) => (said.out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (said.err += text.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const address = (name: string) => new RegExp(`${name} +(http://\\S+)`).exec(said.out)?.[1] ?? '';
  return {
    dataDir,
    said,
    ended,
    child,
    address,
    ready: async () => {
      await waitUntil(async () => said.out.includes('Ctrl-C') || child.exitCode !== null, startMs);
      expect(said.out, said.err).toContain('Ctrl-C');
    },
    stop: async (signal: NodeJS.Signals = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
    /** Queries the embedded database directly. */
    query: async (sql: string) => {
      const stored = (name: string) => readFile(join(dataDir, 'postgres', name), 'utf8');
      const connectionString = `postgresql://postgres:${await stored('password')}@${loopback}:${await stored('port')}/vitrine`;
      const client = new pg.Client({ connectionString });
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(sql)).rows;
      } finally {
        await client.end();
      }
    },
  };
}

const status = async (url: string) => (await fetch(url).catch(() => null))?.status;
/** What users other than the owner could read, below a folder. */
async function openToOthers(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = [folder, ...entries.map((entry) => join(entry.parentPath, entry.name))];
  const modes = await Promise.all(paths.map(async (path) => ((await stat(path).catch(() => null))?.mode ?? 0) & 0o077));
  return paths.filter((_, i) => modes[i] !== 0);
}

/** An operator's command, in the folder of `npm start`. */
const operate = (dir: string, ...args: string[]) => {
  const inherited = Object.entries(process.env).filter(([name]) => !notInherited.includes(name));
  const env = { ...Object.fromEntries(inherited), DATA_DIR: join(root, dir) };
  return promisify(execFile)(process.execPath, [cli, ...args], { cwd: root, env });
};

const lines = (text: string) => text.trim().split('\n');

describe('npm start', { timeout: 3 * startMs }, () => {
  it('answers at the printed addresses, leaves nothing running, and finds its data again', async () => {
    const first = start();
    await first.ready();
    expect(await status(`${first.address('API')}/readyz`)).toBe(200);
    expect(await status(first.address('Swagger'))).toBe(200);
    expect(await status(`${first.address('Inbox')}/email`)).toBe(200);
    await first.query('create table kept as select 42 as n');
    const secret = await readFile(join(first.dataDir, 'secret'), 'utf8');
    expect(await openToOthers(first.dataDir)).toEqual([]);

    expect(await first.stop()).toBe(0);
    expect(await left(root)).toEqual([]);
    expect(await readdir(first.dataDir)).not.toContain('lock');

    const second = start();
    await second.ready();
    expect(await second.query('select n from kept')).toEqual([{ n: 42 }]);
    expect(await readFile(join(second.dataDir, 'secret'), 'utf8')).toBe(secret);
    expect(await second.stop('SIGINT')).toBe(0);
    expect(await left(root)).toEqual([]);
  });

  it('is used by operators’ commands in the same folder', async () => {
    const running = start({ env: { RATE_LIMIT_FACTOR: '0' } });
    await running.ready();
    const user = { username: 'ada', email: 'ada@example.org', password: 'correct horse battery' };
    const answer = await fetch(`${running.address('API')}/api/users`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(user),
    });
    expect(answer.status).toBe(201);
    const { stderr, stdout } = await operate('data', 'users', 'promote', 'ada', '--role', 'admin');
    expect(`${stdout}${stderr}`).toMatch(/ada/);
    expect(await running.query(`select role from users where username = 'ada'`)).toEqual([{ role: 'admin' }]);
    expect(await running.stop()).toBe(0);
    await expect(operate('data', 'recount', '--check')).rejects.toMatchObject({
      stderr: expect.stringMatching(/DATABASE_URL is not set\. `npm start` runs/) as string,
    });
  });

  it('runs twice side by side', async () => {
    const both = [start({ dir: 'one' }), start({ dir: 'two' })];
    await Promise.all(both.map(({ ready }) => ready()));
    const addresses = both.flatMap(({ address }) => [address('API'), address('Inbox')]);
    expect(new Set(addresses).size).toBe(4);
    for (const { address } of both) expect(await status(`${address('API')}/readyz`)).toBe(200);
    expect(await Promise.all(both.map(({ stop }) => stop()))).toEqual([0, 0]);
    expect(await left(root)).toEqual([]);
  });

  it('reports in one line that the port is taken', async () => {
    const port = await freePort(34_567);
    const squatter = createServer().listen(port, loopback);
    await once(squatter, 'listening');
    try {
      const refused = start({ port });
      expect(await refused.ended).toBe(1);
      expect(lines(refused.said.err)).toEqual([
        expect.stringMatching(`Port ${port} is taken.*PORT=${port + 1} npm start`),
      ]);
      expect(await left(root)).toEqual([]);
    } finally {
      squatter.close();
    }
  });

  it('reports in one line that the data directory is in use', async () => {
    const first = start();
    await first.ready();
    const second = start();
    expect(await second.ended).toBe(1);
    expect(lines(second.said.err)).toEqual([expect.stringContaining(`process ${first.child.pid}`)]);
    expect(await status(`${first.address('API')}/readyz`)).toBe(200);
    await first.stop();
  });

  it('names invalid variables', async () => {
    const refused = start({ env: { DATABASE_URL: 'nonsense', LOG_LEVEL: 'loud' } });
    expect(await refused.ended).toBe(1);
    expect(refused.said.err).toMatch(/DATABASE_URL:[^]*LOG_LEVEL:|LOG_LEVEL:[^]*DATABASE_URL:/);
    expect(refused.said.err).not.toContain('    at ');
  });

  it('reports in one line that the database can not be reached', async () => {
    const refused = start({ env: { DATABASE_URL: `postgresql://nobody@${loopback}:1/none` } });
    expect(await refused.ended).toBe(1);
    expect(lines(refused.said.err).at(-1)).toContain('could not be migrated');
    expect(await left(root)).toEqual([]);
  });

  it('leaves nothing running when it is stopped while it starts', async () => {
    for (const afterMs of [300, 1_500]) {
      const interrupted = start();
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      // Null: interrupted before it handled signals or started anything.
      expect([0, null]).toContain(await interrupted.stop());
      expect(await left(root)).toEqual([]);
    }
  });

  it('takes two signals at once for one', async () => {
    const running = start();
    await running.ready();
    running.child.kill('SIGINT');
    expect(await running.stop('SIGINT')).toBe(0);
    expect(await left(root)).toEqual([]);
  });

  it('restarts killed processes', async () => {
    const running = start();
    await running.ready();
    const pidOf = async (part: string) => (await left(root)).find(({ line }) => line.includes(part))?.pid ?? 0;
    for (const part of ['/dist/main.js', '/bin/postgres -D', '--queues=image', 'inbox-process.js']) {
      const pid = await pidOf(part);
      expect(pid, part).toBeGreaterThan(0);
      process.kill(pid, 'SIGKILL');
      expect(await waitUntil(async () => ![0, pid].includes(await pidOf(part)), startMs), part).toBe(true);
    }
    const readyAgain = async () => (await status(`${running.address('API')}/readyz`)) === 200;
    expect(await waitUntil(readyAgain, startMs)).toBe(true);
    expect(await running.stop()).toBe(0);
    expect(await left(root)).toEqual([]);
  });

  it('leaves nothing running when it is killed, and starts again', async () => {
    const killed = start();
    await killed.ready();
    await killed.query('create table kept as select 42 as n');
    killed.child.kill('SIGKILL');
    expect(await waitUntil(async () => (await left(root)).length === 0, 40_000), JSON.stringify(await left(root))).toBe(
      true,
    );

    const again = start();
    await again.ready();
    expect(await again.query('select n from kept')).toEqual([{ n: 42 }]);
    expect(await again.stop()).toBe(0);
  });
});
