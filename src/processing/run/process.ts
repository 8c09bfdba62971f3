import { spawn, type ChildProcess } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { isolate, lowerGroupPriority, type ResourceLimits } from './isolation.js';

/** Tells of each program that ended, with its wall-clock `seconds`: see observability/metrics.ts. */
const toolRuns = channel('vitrine.tool-runs');

const tailBytes = 4096;
const graceMs = 2000;
/** Keeps static builds from loading the system's character set converters: see the file in this folder. */
const gconvPath = fileURLToPath(new URL('./gconv', import.meta.url));

export type RunOptions = {
  /** A workspace, for anything that may outlive a crash: the reaper finds running processes by their directory. */
  cwd?: string;
  signal?: AbortSignal;
  timeoutMs?: number;
  limits?: ResourceLimits;
  niceness?: number;
  /** If given, gets stdout line by line, and nothing is kept. */
  onStdoutLine?: (line: string) => void;
  /** Encoding of stdout; default `utf8`. */
  stdoutEncoding?: BufferEncoding;
  /** More output than this ends the child. */
  maxStdoutBytes?: number;
  env?: NodeJS.ProcessEnv;
};

export type RunResult = { stdout: string; stderrTail: string };

type ExitReason = 'spawn' | 'exit' | 'signal' | 'timeout' | 'output';

/** The child failed. `stderrTail` is for logs and for finding the cause, never for users. */
export class ExitError extends Error {
  constructor(
    readonly reason: ExitReason,
    readonly bin: string,
    readonly exitCode: number | null,
    readonly signal: NodeJS.Signals | null,
    readonly stderrTail: string,
    options?: ErrorOptions,
  ) {
    super(`${bin}: ${reason} (code ${exitCode}, signal ${signal}): ${stderrTail.slice(-400)}`, options);
    this.name = 'ExitError';
  }
}

/**
 * Runs a program in its own process group and waits for its end.
 * @throws {ExitError} if it can't start, fails, is killed, prints too much or takes longer than `timeoutMs`
 * @throws the signal's reason when aborted; the whole group is dead by then
 */
export async function run(bin: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  const {
    signal,
    timeoutMs,
    onStdoutLine,
    stdoutEncoding = 'utf8',
    maxStdoutBytes = 8 * 1024 * 1024,
    niceness = 15,
  } = options;
  signal?.throwIfAborted();
  const [program, ...rest] = await isolate([bin, ...args], niceness, options.limits);
  signal?.throwIfAborted();
  const child = spawn(program!, rest, {
    cwd: options.cwd,
    env: options.env ?? { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', GCONV_PATH: gconvPath },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const begun = performance.now();
  if (child.pid !== undefined) void lowerGroupPriority(child.pid, niceness);

  let ended: ExitReason | undefined;
  const end = (reason: ExitReason) => {
    ended ??= reason;
    killGroup(child);
  };
  const onAbort = () => killGroup(child);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => end('timeout'), timeoutMs);

  const stderr = keepTail(child.stderr);
  const stdout = onStdoutLine
    ? passLines(child.stdout, stdoutEncoding, onStdoutLine)
    : keepAll(child.stdout, stdoutEncoding, maxStdoutBytes, () => end('output'));
  try {
    const exit = await exitOf(child);
    signal?.throwIfAborted();
    if (ended || exit.error || exit.code !== 0) {
      const reason = ended ?? (exit.error ? 'spawn' : exit.signal ? 'signal' : 'exit');
      throw new ExitError(reason, bin, exit.code, exit.signal, stderr(), { cause: exit.error });
    }
    return { stdout: stdout(), stderrTail: stderr() };
  } finally {
    const seconds = (performance.now() - begun) / 1_000;
    toolRuns.publish({ tool: basename(bin), seconds });
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    // A grandchild may have outlived its parent.
    signalGroup(child.pid, 'SIGKILL');
  }
}

type Exit = { code: number | null; signal: NodeJS.Signals | null; error?: Error };

/** `close`, not `exit`: by then both pipes have been read to their end. */
function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

function killGroup(child: ChildProcess): void {
  signalGroup(child.pid, 'SIGTERM');
  const hard = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), graceMs);
  child.once('close', () => clearTimeout(hard));
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // The group is gone.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function keepTail(stream: Readable): () => string {
  let tail = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-tailBytes);
  });
  return () => tail.toString('utf8');
}

function keepAll(stream: Readable, encoding: BufferEncoding, maxBytes: number, onTooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) return onTooMuch();
    chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString(encoding);
}

/** Without `readline`, whose event for each line costs more than most of what is done with it. */
function passLines(stream: Readable, encoding: BufferEncoding, onLine: (line: string) => void): () => string {
  let rest = '';
  stream.setEncoding(encoding);
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) onLine(line);
  });
  stream.on('end', () => {
    if (rest) onLine(rest);
  });
  return () => '';
}
