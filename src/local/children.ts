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

/** `inARow` counts the deaths without a long life in between; `how` is `code 1` or `SIGKILL`. */
export type OnDeath = (name: string, how: string, inARow: number) => void;

/** A child that lived longer was not broken from the start. */
const longLifeMs = 30_000;
const firstPauseMs = 500;
const maxPauseMs = 30_000;

/** Runs a script of ours once, its words on stderr. @returns its exit code, null when a signal ended it */
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

/** Starts a script of ours and starts it again, after growing pauses, whenever it ends without being asked to. */
export class Child {
  private process: ChildProcess | undefined;
  private stopping = false;
  private deaths = 0;
  private isUp: () => void = () => {};
  /** Settles when the script has sent a message for the first time, which is how it says that it is up. */
  readonly ready = new Promise<void>((resolve) => {
    this.isUp = resolve;
  });

  /** @param command asked before every start */
  constructor(
    readonly name: string,
    private readonly command: () => Promise<Command>,
    private readonly onDeath: OnDeath,
  ) {
    void this.run();
  }

  /** Asks it to end, then makes it. Also ends what it started in its own process group. */
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
    // Negative: the whole group, which bears the number of its first process.
    if (this.process?.pid) signalTo(-this.process.pid, 'SIGKILL');
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const { script, args, env } = await this.command();
      if (this.stopping) return;
      const bornAt = Date.now();
      const child = spawn(process.execPath, [...nodeFlags, script, ...args], {
        env: { ...nodeEnv, ...env },
        // The channel tells the child when this process is gone (see parent.ts).
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        // Ctrl-C reaches every process of a terminal's group at once, and the order of stopping matters.
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

  /** The children's words go to stderr: stdout holds what the person who typed `npm start` has to know. */
  private pass(stream: Readable | null): void {
    if (!stream) return;
    createInterface({ input: stream }).on('line', (line) => process.stderr.write(`${this.name.padEnd(6)} | ${line}\n`));
  }
}
