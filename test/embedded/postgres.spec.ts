import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, EmbeddedPostgresError, startPostgres } from '../../src/local/postgres.js';
import { findLaunch, postgresBinaries } from '../../src/local/postgres-binaries.js';
import { filesIn, launch, postmasterFile } from '../../src/local/postgres-cluster.js';
import { commandLine, waitUntil } from '../../src/local/process-table.js';
import { fastDir } from '../setup/fast-dir.js';

let dataDir: string;
let running: EmbeddedPostgres[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(fastDir(), 'vitrine-postgres-'));
  running = [];
});

afterEach(async () => {
  for (const server of running) await server.stop();
  await rm(dataDir, { recursive: true });
});

async function start(durable = false): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ dataDir, durable });
  running.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const runs = async (pid: number) => (await commandLine(pid)).length > 0;
/** Overwrites the middle of a file, keeping its length. */
const damage = async (path: string) => writeFile(path, Buffer.alloc((await stat(path)).size, 0x5a));

describe('embedded PostgreSQL', { timeout: 60_000 }, () => {
  it('is PostgreSQL 18, handles letters beyond ASCII, and is gone after stop', async () => {
    const server = await start();
    expect(await query(server.url, 'show server_version_num')).toEqual([
      { server_version_num: expect.stringMatching(/^18/) },
    ]);
    await query(server.url, 'create extension pg_trgm');
    expect(await query(server.url, `select lower('ÉЖ') as lower, show_trgm('жук') <> '{}' as trigrams`)).toEqual([
      { lower: 'éж', trigrams: true },
    ]);
    expect(await query(server.url, 'show max_connections')).toEqual([{ max_connections: '200' }]);

    await server.stop();
    await server.exited;
    expect(await runs(server.pid)).toBe(false);
  });

  it('finds its data and its port again', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as n');
    await first.stop();

    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'select n from kept')).toEqual([{ n: 42 }]);
  });

  it('requires the password, and does not reveal it', async () => {
    const { url } = await start();
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    expect((await stat(join(dataDir, 'password'))).mode & 0o077).toBe(0);
    expect((await stat(join(dataDir, 'cluster'))).mode & 0o077).toBe(0);
  });

  it('refuses a second start beside a running one, in one line', async () => {
    await start();
    await expect(start()).rejects.toThrow(`${dataDir} is in use by process ${process.pid}.`);
  });

  it('runs two side by side', async () => {
    const other = await mkdtemp(join(fastDir(), 'vitrine-postgres-'));
    try {
      const [one, two] = await Promise.all([start(), startPostgres({ dataDir: other, durable: false })]);
      running.push(two);
      expect(one.port).not.toBe(two.port);
    } finally {
      for (const server of running.splice(0)) await server.stop();
      await rm(other, { recursive: true });
    }
  });

  it('starts again after the server was killed', async () => {
    const first = await start(true);
    await query(first.url, 'create table kept as select 42 as n');
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const second = await start(true);
    expect(await query(second.url, 'select n from kept')).toEqual([{ n: 42 }]);
  });

  it('replaces a server that outlived its killed supervisor', async () => {
    const { port, stop } = await start();
    await stop();
    const bin = await postgresBinaries();
    const args = ['-D', join(dataDir, 'cluster'), '-c', `port=${port}`, '-c', 'unix_socket_directories='];
    const orphan = await launch(findLaunch(bin), join(bin, 'postgres'), args, join(dataDir, 'postgres.log'));
    await waitUntil(async () => (await postmasterFile(filesIn(dataDir)))?.ready === true, 10_000);

    const server = await start();
    expect(orphan.exitCode).toBe(0);
    expect(server.port).toBe(port);
    expect(await query(server.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  });

  it('ignores a pid that belongs to another program by now', async () => {
    await (await start()).stop();
    await writeFile(join(dataDir, 'cluster', 'postmaster.pid'), `${process.pid}\n${dataDir}\n`);
    const server = await start();
    expect(await query(server.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  });

  it('takes over the lock of a dead holder', async () => {
    await (await start()).stop();
    await writeFile(join(dataDir, 'lock'), `${process.pid} 1\n`);
    await start();
  });

  it.each<[string, string, (cluster: string) => Promise<void>]>([
    ['PG_VERSION is missing', 'is damaged: PG_VERSION is missing', (cluster) => rm(join(cluster, 'PG_VERSION'))],
    [
      'another version wrote it',
      'was written by PostgreSQL 15, and this is 18',
      (cluster) => writeFile(join(cluster, 'PG_VERSION'), '15\n'),
    ],
    ['pg_control is damaged', 'PostgreSQL does not start: ', (cluster) => damage(join(cluster, 'global/pg_control'))],
    ['pg_control is missing', 'PostgreSQL does not start: ', (cluster) => rm(join(cluster, 'global/pg_control'))],
    ['the configuration is missing', 'PostgreSQL does not start: ', (cluster) => rm(join(cluster, 'postgresql.conf'))],
    ['the password is lost', 'is missing: nobody can sign in', (cluster) => rm(join(cluster, '../password'))],
  ])('reports in one line that %s', async (_case, line, spoil) => {
    await (await start()).stop();
    await spoil(join(dataDir, 'cluster'));
    const error = await start().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(EmbeddedPostgresError);
    const { message } = error as Error;
    expect(message).toContain(line);
    expect(message).not.toContain('\n');
    expect(message).not.toContain('no output');
  });

  it('reports that the wanted port is taken', async () => {
    const { port } = await start();
    const other = await mkdtemp(join(fastDir(), 'vitrine-postgres-'));
    try {
      await expect(startPostgres({ dataDir: other, port, durable: false })).rejects.toThrow(
        'PostgreSQL does not start',
      );
      expect(await readFile(join(other, 'postgres.log'), 'utf8')).toContain('in use');
    } finally {
      await rm(other, { recursive: true });
    }
  });
});
