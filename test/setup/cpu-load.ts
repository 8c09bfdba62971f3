import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Keeps every CPU busy while `work` runs. */
export async function underCpuLoad<T>(work: () => Promise<T>): Promise<T> {
  const busy = Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ['-e', 'for (;;);']));
  try {
    return await work();
  } finally {
    for (const child of busy) child.kill('SIGKILL');
  }
}
