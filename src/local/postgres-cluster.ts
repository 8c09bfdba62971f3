import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError, letThrough, type Launch } from './postgres-binaries.js';
import { commandLine, signalTo, waitUntil } from './process-table.js';

const major = '18';
const fastStopMs = 30_000;
const immediateStopMs = 5_000;

/** The files of one embedded PostgreSQL. */
export const filesIn = (dataDir: string) => ({
  cluster: join(dataDir, 'cluster'),
  password: join(dataDir, 'password'),
  port: join(dataDir, 'port'),
  log: join(dataDir, 'postgres.log'),
  lock: join(dataDir, 'lock'),
});
export type Files = ReturnType<typeof filesIn>;

const contentOf = (path: string) => readFile(path, 'utf8').catch(() => null);

/** Starts a program of PostgreSQL in its own session: Ctrl-C is for its supervisor only. */
export async function launch(how: Launch, program: string, args: string[], log: string): Promise<ChildProcess> {
  const output = await open(log, 'w', 0o600);
  try {
    const { prefix, ...ids } = how;
    const [command = program, ...rest] = [...prefix, program, ...args];
    return spawn(command, rest, { ...ids, detached: true, stdio: ['ignore', output.fd, output.fd], cwd: '/' });
  } finally {
    await output.close();
  }
}

/** Creates the database cluster if there is none, and refuses one that this PostgreSQL can't read. */
export async function prepareCluster(files: Files, bin: string, how: Launch, durable: boolean): Promise<void> {
  if (!(await stat(files.cluster).catch(() => null))) return initialise(files, bin, how, durable);
  const version = (await contentOf(join(files.cluster, 'PG_VERSION')))?.trim();
  const wayOut = 'Restore a backup, or move it away to start with an empty one.';
  if (!version) throw new EmbeddedPostgresError(`${files.cluster} is damaged: PG_VERSION is missing. ${wayOut}`);
  if (version !== major)
    throw new EmbeddedPostgresError(
      `${files.cluster} was written by PostgreSQL ${version}, and this is ${major}. ${wayOut}`,
    );
  if (!(await contentOf(files.password)))
    throw new EmbeddedPostgresError(`${files.password} is missing: nobody can sign in to ${files.cluster}. ${wayOut}`);
}

async function initialise(files: Files, bin: string, how: Launch, durable: boolean): Promise<void> {
  // Renamed when complete: an interrupted initdb must not look like a cluster.
  const unfinished = `${files.cluster}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(files.password, randomBytes(24).toString('base64url'), { mode: 0o600 });
  await letThrough(how, join(files.cluster, '..'));
  if (how.uid !== undefined)
    for (const path of [unfinished, files.password]) await chown(path, how.uid, how.gid ?? how.uid);
  const options = ['--username=postgres', `--pwfile=${files.password}`, '--auth=scram-sha-256', '--encoding=UTF8'];
  // The built-in provider sorts the same on every machine; LC_CTYPE lets pg_trgm recognise letters beyond ASCII.
  const locale = ['--locale=C.UTF-8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const args = [`--pgdata=${unfinished}`, ...options, ...locale, ...(durable ? [] : ['--no-sync'])];
  const child = await launch(how, join(bin, 'initdb'), args, files.log);
  if ((await exitOf(child)) !== 0) throw new EmbeddedPostgresError(`initdb failed: ${await lastWords(files.log)}`);
  await rename(unfinished, files.cluster);
}

export const exitOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    child.once('exit', resolve).once('error', () => resolve(null));
  });

/** Why it ended, on one line. */
export async function lastWords(log: string): Promise<string> {
  const lines = ((await contentOf(log)) ?? '').trim().split('\n');
  const telling = lines.find((line) => /FATAL|PANIC|error:/.test(line))?.replace(/^.*?(FATAL|PANIC|error): */, '');
  return (telling ?? lines.join(' ').slice(0, 400)) || 'no output';
}

/** Contents of postmaster.pid: pid on line 1, port on 4, status on 8. */
export async function postmasterFile({ cluster }: Files) {
  const lines = (await contentOf(join(cluster, 'postmaster.pid')))?.split('\n');
  return lines && { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/** Stops the server that a killed supervisor left running on this cluster. */
export async function stopOrphan(files: Files): Promise<void> {
  const found = await postmasterFile(files);
  if (!found) return;
  const runs = async () => {
    const [program, ...args] = await commandLine(found.pid);
    return /(^|\/)postgres$/.test(program ?? '') && args.includes(files.cluster);
  };
  if (await runs()) await endPostmaster(found.pid, async () => !(await runs()));
  // PostgreSQL would trust the pid even if another program has it by now.
  await rm(join(files.cluster, 'postmaster.pid'), { force: true });
}

/** First the fast shutdown, which flushes everything; then the immediate one, which needs recovery. */
export async function endPostmaster(pid: number, gone: () => Promise<boolean>): Promise<void> {
  const ways = [
    ['SIGINT', fastStopMs],
    ['SIGQUIT', immediateStopMs],
    ['SIGKILL', immediateStopMs],
  ] as const;
  for (const [signal, limitMs] of ways) {
    if (await gone()) return;
    signalTo(pid, signal);
    if (await waitUntil(gone, limitMs)) return;
  }
  throw new EmbeddedPostgresError(`The PostgreSQL with process id ${pid} does not stop.`);
}
