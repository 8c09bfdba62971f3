import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { Locked, takeLock } from './lock.js';
import { freePort, loopback, portTrouble } from '../platform/ports.js';
import { EmbeddedPostgresError, findLaunch, letThrough, postgresBinaries, type Launch } from './postgres-binaries.js';
import {
  endPostmaster,
  exitOf,
  type Files,
  filesIn,
  lastWords,
  launch,
  postmasterFile,
  prepareCluster,
  stopOrphan,
} from './postgres-cluster.js';
import { waitUntil } from './process-table.js';

export { EmbeddedPostgresError };

export interface PostgresOptions {
  /** Created if missing; holds the cluster, its password, port and log. */
  dataDir: string;
  /** Default: the port of the last start if it is free, else any. */
  port?: number;
  /** `false` trades durability for speed: for tests only. */
  durable: boolean;
}

export interface EmbeddedPostgres {
  url: string;
  port: number;
  pid: number;
  /** Resolves when the server has ended, for whatever reason, and its data directory is free again. */
  exited: Promise<void>;
  /** Closes every connection and stops the server with everything committed on disk. */
  stop(): Promise<void>;
}

const database = 'vitrine';
/** Includes recovery after a power cut. */
const startLimitMs = 120_000;
/**
 * A port can be taken between our check and the bind; a killed server's shared memory remains until its children end.
 */
const worthRetrying = /could not bind|TCP\/IP sockets|shared memory block/;
const maxAttempts = 5;

const settings = {
  max_connections: '200',
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Statement errors are logged by the application; refused duplicates are part of its normal work.
  log_min_messages: 'log',
  log_checkpoints: 'off',
};
const notDurable = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/**
 * Runs the PostgreSQL from npm on 127.0.0.1.
 * @throws {EmbeddedPostgresError}
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const files = filesIn(dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const unlock = await takeLock(files.lock).catch((error: unknown) => {
    if (!(error instanceof Locked)) throw error;
    throw new EmbeddedPostgresError(`${dataDir} is in use by process ${error.pid}.`);
  });
  try {
    const bin = await postgresBinaries();
    const how = findLaunch(bin);
    await letThrough(how, dataDir);
    await stopOrphan(files);
    await prepareCluster(files, bin, how, options.durable);
    const server = await startServer(files, join(bin, 'postgres'), how, options);
    const password = await readFile(files.password, 'utf8');
    const urlOf = (name: string) => `postgresql://postgres:${password}@${loopback}:${server.port}/${name}`;
    try {
      await createDatabase(urlOf('postgres'));
    } catch (error) {
      await server.stop();
      throw new EmbeddedPostgresError(`PostgreSQL started, but can't be used: ${(error as Error).message}`);
    }
    const exited = server.exited.then(unlock);
    const stop = () => server.stop().then(() => exited);
    return { ...server, url: urlOf(database), exited, stop };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function startServer(files: Files, postgres: string, how: Launch, options: PostgresOptions) {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await storedPort(files));
    const all = { ...settings, ...(options.durable ? {} : notDurable), listen_addresses: loopback, port: String(port) };
    const args = ['-D', files.cluster, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    const child = await launch(how, postgres, args, files.log);
    let ended = false;
    const exited = exitOf(child).then(() => {
      ended = true;
    });
    if (!child.pid) await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const stop = () => endPostmaster(pid, async () => ended);
    const ready = async () => {
      const file = await postmasterFile(files);
      return file?.pid === pid && file.ready;
    };
    await waitUntil(async () => ended || (await ready()), startLimitMs);
    if (!ended && (await ready())) {
      await writeFile(files.port, String(port), { mode: 0o600 });
      return { port, pid, exited, stop };
    }
    await stop();
    const why = await lastWords(files.log);
    const hopeless = !worthRetrying.test(await readFile(files.log, 'utf8'));
    if (hopeless || attempt === maxAttempts || options.port)
      throw new EmbeddedPostgresError(`PostgreSQL does not start: ${why}. Its log is ${files.log}`);
    await waitUntil(async () => false, 200 * attempt);
  }
}

async function storedPort(files: Files): Promise<number> {
  const port = Number(await readFile(files.port, 'utf8').catch(() => 0));
  return port > 0 && port < 65_536 && !(await portTrouble(port)) ? port : freePort();
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
    if (!rowCount) await client.query(`create database ${database}`);
  } finally {
    await client.end();
  }
}
