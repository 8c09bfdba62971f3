import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isolate } from './isolation.js';
import { ExitError, run } from './process.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'process-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const until = async (check: () => Promise<boolean>) => {
  for (let i = 0; i < 200; i++) {
    if (await check()) return true;
    await sleep(20);
  }
  return false;
};
const exists = (name: string) => readdir(dir).then((names) => names.includes(name));
const pidIn = async (name: string) => Number(await readFile(path.join(dir, name), 'utf8'));
const gone = async (pid: number) => {
  try {
    process.kill(pid, 0);
  } catch {
    return true;
  }
  // A killed process stays as a zombie until its parent has reaped it.
  return / Z /.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ' Z '));
};
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** A shell with a child, which both ignore SIGTERM. */
const family = [
  '-c',
  `trap '' TERM; sh -c 'trap "" TERM; echo $$ > child; while :; do sleep 0.1; done' & echo $$ > parent; wait; wait`,
];

describe('run', () => {
  it('returns what the program printed', async () => {
    const { stdout, stderrTail } = await run('sh', ['-c', 'echo out; echo err >&2'], { cwd: dir });
    expect(stdout).toBe('out\n');
    expect(stderrTail).toBe('err\n');
  });

  it('passes stdout line by line', async () => {
    const seen: string[] = [];
    await run('sh', ['-c', 'printf "a\\nb\\n"'], { onStdoutLine: (line) => seen.push(line) });
    expect(seen).toEqual(['a', 'b']);
  });

  it('fails with the exit code and the tail of stderr', async () => {
    const error = await failureOf(run('sh', ['-c', 'yes oops | head -c 100000 >&2; echo last >&2; exit 3']));
    expect(error).toBeInstanceOf(ExitError);
    expect(error).toMatchObject({ reason: 'exit', exitCode: 3 });
    expect((error as ExitError).stderrTail.length).toBeLessThanOrEqual(4096);
    expect((error as ExitError).stderrTail.endsWith('last\n')).toBe(true);
  });

  it('fails when the program does not exist', async () => {
    await expect(run('no-such-program', [])).rejects.toBeInstanceOf(ExitError);
  });

  it('kills the whole group when aborted, including grandchildren', async () => {
    const abort = new AbortController();
    const running = failureOf(run('sh', family, { cwd: dir, signal: abort.signal }));
    expect(await until(() => exists('child'))).toBe(true);
    const pids = [await pidIn('parent'), await pidIn('child')];
    const reason = new Error('enough');
    abort.abort(reason);
    expect(await running).toBe(reason);
    for (const pid of pids) expect(await until(() => gone(pid))).toBe(true);
  });

  it('kills the group after the timeout', async () => {
    const polite = ['-c', 'sleep 60 & echo $! > child; wait'];
    const error = await failureOf(run('sh', polite, { cwd: dir, timeoutMs: 300 }));
    expect(error).toMatchObject({ reason: 'timeout' });
    expect(await until(async () => gone(await pidIn('child')))).toBe(true);
  });

  it('starts nothing when already aborted', async () => {
    await failureOf(run('sh', ['-c', 'echo > started'], { cwd: dir, signal: AbortSignal.abort() }));
    expect(await exists('started')).toBe(false);
  });

  it('ends a child with endless output', async () => {
    const error = await failureOf(run('yes', [], { maxStdoutBytes: 1000 }));
    expect(error).toMatchObject({ reason: 'output' });
  });

  it.runIf(process.platform === 'linux')('ends with its parent, even if that is killed', async () => {
    const command = await isolate(['sleep', '60'], 0);
    const parent = spawn('sh', ['-c', '"$@" & echo $! > child; wait', 'sh', ...command], { cwd: dir, stdio: 'ignore' });
    expect(await until(async () => (await exists('child')) && (await pidIn('child')) > 0)).toBe(true);
    const pid = await pidIn('child');
    expect(await until(async () => (await readFile(`/proc/${pid}/comm`, 'utf8')).trim() === 'sleep')).toBe(true);
    parent.kill('SIGKILL');
    expect(await until(() => gone(pid))).toBe(true);
  });

  it.runIf(process.platform === 'linux')('distinguishes spent CPU time from a lack of memory', async () => {
    const error = await failureOf(run('sh', ['-c', 'while :; do :; done'], { limits: { cpuSeconds: 1 } }));
    expect(error).toMatchObject({ reason: 'signal', signal: 'SIGXCPU' });
  });

  it.runIf(process.platform === 'linux')('enforces the limits of the child', async () => {
    const error = await failureOf(
      run('sh', ['-c', 'head -c 1000000 /dev/zero > big'], { cwd: dir, limits: { outputBytes: 1000 } }),
    );
    expect(error).toBeInstanceOf(ExitError);
    expect((await readFile(path.join(dir, 'big'))).length).toBeLessThanOrEqual(1000);
  });
});

it.runIf(existsSync('/proc/self/autogroup'))(
  'lowers the priority of the group, if the kernel schedules by groups',
  async () => {
    const { stdout } = await run('sh', ['-c', 'sleep 0.5; cat /proc/$$/autogroup'], { niceness: 12 });
    expect(stdout).toMatch(/nice 12$/m);
  },
);
