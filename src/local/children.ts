import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeEnv, nodeFlags } from './node-flags.js';
import { signalTo } from './process-table.js';

export interface Command {
  /** Absolute path of a script, run by the Node that runs this process. */
  script: string;
  args: string[];
  env: NodeJS.ProcessEnv;
}

/** `inARow` counts deaths without a long life in between; `how` is `code 1` or `SIGKILL`. */
export type OnDeath = (name: string, how: string, inARow: number) => void;

/** A child that lived longer was not broken from the start. */
const longLifeMs = 30_000;
const firstPauseMs = 500;
const maxPauseMs = 30_000;

/**
 * Runs one of our scripts once, with its output on stderr.
 * @returns its exit code, null if a signal ended it
 */
export async function runToEnd({ script, args, env }: Command, signal: AbortSignal): Promise<number | null> {
  const child = spawn(process.execPath, [...nodeFlags, script, ...args], {
    env: { ...nodeEnv, ...env },
    signal,
    stdio: ['ignore', 2, 2],
    detached: true,
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

/** Runs one of our scripts, and restarts it after growing pauses whenever it ends unasked. */
export class Child {
  private process: ChildProcess | undefined;
  private stopping = false;
  private deaths = 0;
  private isUp: () => void = () => {};
  /** Resolves at the script's first message, which means that it is ready. */
  readonly ready = new Promise<void>((resolve) => {
    this.isUp = resolve;
  });

  /** @param command called before every start */
  constructor(
    readonly name: string,
    private readonly command: () => Promise<Command>,
    private readonly onDeath: OnDeath,
  ) {
    void this.run();
  }

  /** Terminates the child, then kills its process group, with everything it started. */
  async stop(limitMs: number): Promise<void> {
    this.stopping = true;
    const child = this.process;
    if (!child) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), limitMs);
    await once(child, 'exit');
    clearTimeout(timer);
  }

  kill(): void {
    this.stopping = true;
    // A negative pid is the whole process group.
    if (this.process?.pid) signalTo(-this.process.pid, 'SIGKILL');
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const { script, args, env } = await this.command();
      if (this.stopping) return;
      const bornAt = Date.now();
      const child = spawn(process.execPath, [...nodeFlags, script, ...args], {
        env: { ...nodeEnv, ...env },
        // The channel tells the child when this process dies (see parent.ts).
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        // Its own process group: Ctrl-C reaches every process of the terminal's group at once, and the order of
        // stopping matters.
        detached: true,
      });
      this.process = child;
      for (const stream of [child.stdout, child.stderr]) this.pass(stream);
      child.once('message', () => this.isUp());
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      this.process = undefined;
      if (this.stopping) return;
      this.deaths = Date.now() - bornAt > longLifeMs ? 1 : this.deaths + 1;
      this.onDeath(this.name, signal ?? `code ${code}`, this.deaths);
      await sleep(Math.min(firstPauseMs * 2 ** (this.deaths - 1), maxPauseMs), undefined, { ref: false });
    }
  }

  /** Output of children goes to stderr: stdout has what the user of `npm start` needs to know. */
  private pass(stream: Readable | null): void {
    if (!stream) return;
    createInterface({ input: stream }).on('line', (line) => process.stderr.write(`${this.name.padEnd(6)} | ${line}\n`));
  }
}
