import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const exec = promisify(execFile);

export type ResourceLimits = {
  cpuSeconds?: number;
  /** Address space in bytes. */
  memoryBytes?: number;
  /** Largest file the child may write, in bytes. */
  outputBytes?: number;
};

/**
 * Each entry is a program that execs the next one, so the chain stays one process with one id. `works` is a harmless
 * test run: what the kernel, container or platform does not allow is left out.
 */
const wrappers = {
  network: { prefix: ['unshare', '--user', '--map-current-user', '--net', '--'], works: ['true'] },
  // Dies with us even if we are killed with SIGKILL and can't clean up.
  parent: { prefix: ['setpriv', '--pdeathsig', 'KILL', '--'], works: ['true'] },
  limits: { prefix: ['prlimit'], works: ['--cpu=60', '--', 'true'] },
  nice: { prefix: ['nice', '-n'], works: ['1', 'true'] },
} as const;

/** CPU seconds between the signal that can be handled and SIGKILL. */
const graceSeconds = 5;

type Wrapper = keyof typeof wrappers;

let available: Promise<ReadonlySet<Wrapper>> | undefined;

async function detect(): Promise<ReadonlySet<Wrapper>> {
  const names = Object.keys(wrappers) as Wrapper[];
  const found = await Promise.all(
    names.map(async (name) => {
      const [bin, ...args] = [...wrappers[name].prefix, ...wrappers[name].works];
      return exec(bin!, args, { timeout: 5000 }).then(
        () => [name],
        () => [],
      );
    }),
  );
  return new Set(found.flat());
}

/**
 * The command line that runs `command` with low priority, resource limits, no network, and no longer than this process
 * lives.
 */
export async function isolate(command: string[], niceness: number, limits: ResourceLimits = {}): Promise<string[]> {
  const has = await (available ??= detect());
  const given = [
    ['--cpu', limits.cpuSeconds, graceSeconds],
    ['--as', limits.memoryBytes, 0],
    ['--fsize', limits.outputBytes, 0],
  ] as const;
  const ulimits = given.flatMap(([flag, value, grace]) => {
    if (value === undefined) return [];
    const soft = Math.ceil(value);
    // With equal limits the child would get SIGKILL only, which looks like a lack of memory.
    return [`${flag}=${soft}:${soft + grace}`];
  });
  return [
    ...(has.has('nice') && niceness ? [...wrappers.nice.prefix, String(niceness)] : []),
    ...(has.has('limits') && ulimits.length ? [...wrappers.limits.prefix, ...ulimits, '--'] : []),
    ...(has.has('network') ? wrappers.network.prefix : []),
    // Last: changing credentials would clear the parent-death signal.
    ...(has.has('parent') ? wrappers.parent.prefix : []),
    ...command,
  ];
}

const triesMs = [0, 20, 60, 120, 240];

/**
 * A process in its own session is scheduled in its own autogroup (sched(7)), and niceness counts only within a group:
 * the group needs it, too. Does nothing where autogroups are missing or not writable.
 */
export async function lowerGroupPriority(pid: number, niceness: number): Promise<void> {
  for (const delay of triesMs) {
    await sleep(delay);
    try {
      return await writeFile(`/proc/${pid}/autogroup`, String(niceness));
    } catch (error) {
      // For users other than root the kernel accepts one change in a tenth of a second.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    }
  }
}
