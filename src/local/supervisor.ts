import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../platform/config/env.js';
import { Child, runToEnd } from './children.js';
import { persistentSecret } from './data-dir.js';
import { makePrivateDir } from '../platform/private-dir.js';
import { startInbox } from './inbox.js';
import { keepPostgres } from './kept-postgres.js';
import { Locked, takeLock } from './lock.js';
import { freePort, refuseBusyPort, urlHost } from '../platform/ports.js';
import { waitUntil } from './process-table.js';

const readyLimitMs = 120_000;
const stopLimitMs = { app: 30_000, inbox: 3_000 };
/** A process that dies this often in a row before everything is ready is broken. */
const maxDeathsAtStart = 3;

/** Two workers beside the API, so that mails and notifications do not wait behind a long video. */
const workers = { light: '--queues=social,mail,maintenance', media: '--queues=image,video,audio' };

const entry = (name: string) => fileURLToPath(new URL(`../${name}.js`, import.meta.url));
const say = (line: string) => process.stdout.write(`${line}\n`);
const warn = (line: string) => process.stderr.write(`${line}\n`);

/** Starts everything in order, keeps it running, and stops it in reverse order. */
export class Supervisor {
  failed = false;
  private ready = false;
  private readonly env: NodeJS.ProcessEnv;
  private readonly apps: Child[] = [];
  private readonly killers: (() => void)[] = [];
  /** What to undo when stopping, last thing first. */
  private readonly undo: (() => Promise<unknown>)[] = [];

  constructor(
    env: NodeJS.ProcessEnv,
    private readonly stopping: AbortController,
  ) {
    this.env = { ...env };
  }

  /** Resolves when everything is ready, or throws; in both cases `stop` ends what was started. */
  async start(): Promise<void> {
    const config = readConfig(this.env);
    const { host } = config.http;
    const dataDir = resolve(config.dataDir);
    // It holds the secret, the database's password and all files.
    await makePrivateDir(dataDir);
    await this.lock(dataDir);
    const port = config.http.port || (await freePort());
    await refuseBusyPort(port, host);

    this.env.AUTH_SECRET ||= await persistentSecret(dataDir);
    Object.assign(this.env, { DATA_DIR: dataDir, PORT: String(port) });
    this.env.LOG_LEVEL ||= 'warn'; // For a terminal; LOG_LEVEL=info shows every request.
    this.env.LOG_FORMAT ||= 'text';
    if (!config.database.url) await this.startPostgres(join(dataDir, 'postgres'));
    this.proceed();
    const inbox = config.mail.smtpUrl ? undefined : this.startInbox(join(dataDir, 'mail'));
    // Waits for both, even if one fails: `stop` would miss what is still starting.
    const steps = await Promise.allSettled([this.migrate(), inbox]);
    for (const step of steps) if (step.status === 'rejected') throw step.reason;
    this.proceed();
    const inboxUrl = await inbox;

    this.undo.push(() => Promise.all(this.apps.map((child) => child.stop(stopLimitMs.app))));
    this.run('api', 'main', []);
    Object.entries(workers).forEach(([name, queues], n) => {
      const { port: first } = config.worker;
      this.run(name, 'worker', [queues], { WORKER_PORT: String(first && first + n) });
    });
    const address = `http://${urlHost(host)}:${port}`;
    await this.untilReady(`${address}/readyz`);
    this.ready = true;
    say(`\n  API      ${address}\n  Swagger  ${address}/docs${inboxUrl ? `\n  Inbox    ${inboxUrl}` : ''}`);
    say(`\n  All data is in ${dataDir}. Ctrl-C stops everything.\n`);
  }

  /** API and workers first, PostgreSQL last. */
  async stop(): Promise<void> {
    for (const undo of this.undo.toReversed()) await undo().catch((error: unknown) => this.fail(error));
  }

  /** At once, without cleanup. */
  kill(): void {
    for (const kill of this.killers) kill();
  }

  /** Reports what is wrong, in one line if it is expected, and stops everything. */
  fail(error: unknown): void {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    if (this.stopping.signal.aborted && name === 'AbortError') return;
    this.failed = true;
    warn(message);
    this.stopping.abort();
  }

  private proceed(): void {
    this.stopping.signal.throwIfAborted();
  }

  private async lock(dataDir: string): Promise<void> {
    try {
      this.undo.push(await takeLock(join(dataDir, 'lock')));
    } catch (error) {
      if (!(error instanceof Locked)) throw error;
      const way = 'Stop that one, or set another DATA_DIR for this one.';
      throw new Error(`Vitrine is already running in ${dataDir} (process ${error.pid}). ${way}`, { cause: error });
    }
  }

  private async startPostgres(dataDir: string): Promise<void> {
    const postgres = await keepPostgres(
      { dataDir, durable: true },
      {
        died: () => warn('PostgreSQL ended unexpectedly; restarting it.'),
        hopeless: (error) => this.fail(error),
      },
    );
    this.undo.push(postgres.stop);
    this.killers.push(postgres.kill);
    this.env.DATABASE_URL = postgres.url;
  }

  private async startInbox(dir: string): Promise<string> {
    const { child, smtpUrl, webUrl } = await startInbox(dir, this.env, this.onDeath);
    this.undo.push(() => child.stop(stopLimitMs.inbox));
    this.killers.push(() => child.kill());
    this.env.SMTP_URL = smtpUrl;
    return webUrl;
  }

  private async migrate(): Promise<void> {
    const command = { script: entry('cli'), args: ['migrate'], env: this.env };
    const code = await runToEnd(command, this.stopping.signal);
    if (code !== 0) throw new Error('The database could not be migrated; see the reason above.');
  }

  private run(name: string, script: string, args: string[], env: NodeJS.ProcessEnv = {}): void {
    const command = { script: entry(script), args, env: { ...this.env, ...env } };
    const child = new Child(name, async () => command, this.onDeath);
    this.apps.push(child);
    this.killers.push(() => child.kill());
  }

  private readonly onDeath = (name: string, how: string, inARow: number): void => {
    if (this.ready || inARow < maxDeathsAtStart) warn(`${name} ended unexpectedly (${how}); restarting it.`);
    else this.fail(`${name} does not start (${how}); see its output above.`);
  };

  private async untilReady(url: string): Promise<void> {
    const { signal } = this.stopping;
    const answers = async () => {
      this.proceed();
      return (await fetch(url, { signal }).catch(() => null))?.status === 200;
    };
    if (!(await waitUntil(answers, readyLimitMs))) throw new Error(`${url} did not answer 200 in time.`);
  }
}
