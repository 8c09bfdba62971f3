import { Queue, createPostgresBackend, withBackend } from 'bullmq';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { inject } from 'vitest';
import { nodeEnv, nodeFlags } from '../../src/local/node-flags.js';
import { freePort } from '../../src/platform/ports.js';
import { jobs, type JobName } from '../../src/platform/queue/jobs.js';
import { Client } from './client.js';
import { until } from './until.js';

const entry = (name: string) => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));

interface Options {
  env?: Record<string, string>;
  /** One worker process per entry. */
  workers?: string[];
  /** Of a migrated database, instead of a new one in the server of all tests. */
  databaseUrl?: string;
}

/**
 * Vitrine as in production: an API process and worker processes of the built code, with their own database and
 * directory.
 */
export class Vitrine {
  readonly processes = new Map<string, ChildProcess>();
  /** Output of the processes, for the message of a failed test. */
  said = '';

  private constructor(
    readonly origin: string,
    readonly dataDir: string,
    readonly databaseUrl: string,
    private readonly env: NodeJS.ProcessEnv,
    readonly db: pg.Pool,
  ) {}

  static async start({
    env = {},
    workers = ['image,video,audio', 'social,mail,maintenance'],
    databaseUrl: given,
  }: Options = {}): Promise<Vitrine> {
    const dataDir = await mkdtemp(join(tmpdir(), 'vitrine-data-'));
    const databaseUrl = given ?? (await databaseFromTemplate());
    // Below the ports that outgoing connections use, one of which could take it between the check and the start. And
    // above 10080, which fetch refuses (Fetch standard, "port blocking").
    const port = await freePort(10_100 + (randomBytes(2).readUInt16LE() % 20_000));
    const db = new pg.Pool({ connectionString: databaseUrl, max: 4 });
    db.on('error', () => undefined); // A test may cut all connections; what is asked next opens another.
    const all = {
      PATH: process.env.PATH,
      NODE_ENV: 'test',
      PORT: String(port),
      DATA_DIR: dataDir,
      DATABASE_URL: databaseUrl,
      SMTP_URL: inject('smtp'),
      LOG_LEVEL: 'warn',
      RATE_LIMIT_FACTOR: '0',
      ...env,
    };
    const vitrine = new Vitrine(`http://127.0.0.1:${port}`, dataDir, databaseUrl, all, db);
    await vitrine.startApi();
    for (const queues of workers) vitrine.startWorker(queues);
    return vitrine;
  }

  startApi(): Promise<void> {
    return this.launch('api', this.origin);
  }

  /** Another API process of the same installation. @returns its origin */
  async startTwin(name: string, port?: number): Promise<string> {
    const origin = `http://127.0.0.1:${port ?? (await freePort(10_100 + (randomBytes(2).readUInt16LE() % 20_000)))}`;
    await this.launch(name, origin);
    return origin;
  }

  private async launch(name: string, origin: string): Promise<void> {
    this.spawn(name, 'main', [], { PORT: new URL(origin).port });
    await until(async () => {
      const api = this.processes.get(name);
      if (!api || api.exitCode !== null) throw new Error(`The API ended:\n${this.said}`);
      return (await fetch(`${origin}/readyz`).catch(() => null))?.status === 200;
    }, 'the API to be ready');
  }

  startWorker(queues: string, env: NodeJS.ProcessEnv = {}): void {
    this.spawn(queues, 'worker', [`--queues=${queues}`], env);
  }

  /**
   * Sends a signal and waits for the end.
   * @returns the exit code, null after a killing signal
   */
  async end(name: string, signal: NodeJS.Signals): Promise<number | null> {
    const child = this.processes.get(name);
    if (!child) throw new Error(`There is no process ${name}`);
    this.processes.delete(name);
    if (child.exitCode !== null) return child.exitCode;
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.processes.keys()].map((name) => this.end(name, 'SIGTERM')));
    await this.db.end();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** Runs `vitrine <args>`. */
  command(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    return promisify(execFile)(process.execPath, [entry('cli'), ...args], {
      env: { ...this.env, LOG_LEVEL: 'silent' },
    });
  }

  /** Runs `vitrine reprocess <file>`. */
  async reprocess(fileUrl: string): Promise<void> {
    await this.command('reprocess', fileUrl);
  }

  /** Triggers a periodic job now. @returns the id of the job */
  async doNow(name: JobName): Promise<string> {
    const BackedQueue = withBackend(createPostgresBackend).Queue as unknown as typeof Queue;
    const queue = new BackedQueue(jobs[name].queue, { connection: { connectionString: this.databaseUrl } as never });
    const { id } = await queue.add(name, {});
    await queue.close();
    return id!;
  }

  /**
   * Waits until everything that follows from past events is done. A job of a killed worker starts again after up to 40 s,
   * one that a queue lost after up to 105 s.
   * @throws {Error} if an event was given up, or it takes too long
   */
  async settled(limitMs = 150_000): Promise<void> {
    const isDone = async () => {
      const { rows } = await this.db.query(
        `select from outbox_events where dispatched_at is null or waiting <> '{}'
         union all select from medias where likes_count <> likes_carried or views_count <> views_carried`,
      );
      return rows.length === 0;
    };
    await until(isDone, 'all consequences', limitMs, 25);
    const { rows } = await this.db.query(
      `select name, failed_reason from bullmq.job where queue in ('social', 'fanout') and state = 'failed'`,
    );
    if (rows.length) throw new Error(`Jobs failed: ${JSON.stringify(rows)}`);
  }

  /** Every file below the data directory, by path. */
  async stored(folder = 'storage'): Promise<string[]> {
    const entries = await readdir(join(this.dataDir, folder), { recursive: true, withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined; // A folder was deleted meanwhile: try again.
        throw error;
      },
    );
    if (!entries) return this.stored(folder);
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }

  client(credentials: Record<string, string> = {}): Client {
    return new Client(this.origin, credentials);
  }

  /** A new account, verified by the mailed code. */
  async signUp(
    username = `user-${randomBytes(5).toString('hex')}`,
  ): Promise<Client & { username: string; email: string; apiKey: string }> {
    const email = `${username}-${randomBytes(4).toString('hex')}@example.org`;
    const { body } = await this.client()
      .post('/api/users', { username, email, password: 'correct horse battery' })
      .expect(201);
    const code = await codeFor(email);
    await this.client().post(`/api/users/${username}/verify/${code}`).expect(200);
    return Object.assign(this.client({ 'x-api-key': body.apiKey as string }), {
      username,
      email,
      apiKey: body.apiKey as string,
    });
  }

  private spawn(name: string, script: string, args: string[], env: NodeJS.ProcessEnv = {}): void {
    const child = spawn(process.execPath, [...nodeFlags, entry(script), ...args], {
      env: { ...nodeEnv, ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.said = (this.said + chunk.toString()).slice(-20_000)));
    this.processes.set(name, child);
  }
}

async function databaseFromTemplate(): Promise<string> {
  const admin = new pg.Client({ connectionString: inject('postgres') });
  await admin.connect();
  const name = `t_${randomBytes(6).toString('hex')}`;
  // Only one file at a time can copy the template.
  await admin.query('select pg_advisory_lock(1)');
  await admin.query(`create database ${name} template template`);
  await admin.end();
  const url = new URL(inject('postgres'));
  url.pathname = `/${name}`;
  return url.href;
}

interface Mail {
  subject: string;
  text: string;
  html: string;
  headers: Record<string, string>;
  to: { address: string }[];
}

export async function mailsTo(address: string): Promise<Mail[]> {
  const mails = (await (await fetch(`${inject('mails')}/email`)).json()) as Mail[];
  return mails.filter(({ to }) => to.some((recipient) => recipient.address === address));
}

/** The six digits of the newest code mailed to an address, once there are `atLeast` such mails. */
export async function codeFor(address: string, atLeast = 1): Promise<string> {
  const mails = await until(async () => {
    const found = (await mailsTo(address)).filter(({ subject }) => /^\d{6} /.test(subject));
    return found.length >= atLeast && found;
  }, `a mail with a code to ${address}`);
  return mails.at(-1)!.subject.slice(0, 6);
}

/** Waits for the mail whose subject contains these words. */
export async function mailAbout(words: string, address: string): Promise<Mail> {
  return until(
    async () => (await mailsTo(address)).find(({ subject }) => subject.includes(words)),
    `a mail about "${words}" to ${address}`,
  );
}
