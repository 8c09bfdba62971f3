import type { ResourceLimits } from './isolation.js';

/** What there is to do, by what was found when the file came in. */
export type Work = {
  /** ms; of a picture 0 */
  durationMs: number;
  /** width × height; of sound 0 */
  pixels: number;
  /** Of the source. */
  bytes: number;
};

/** The most one child process may take. Far beyond what any good file needs: it ends what would never end. */
export type Budget = { /** Wall clock. */ timeoutMs: number; limits: ResourceLimits };

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

/** CPU seconds: to begin with, and for each second of sound, and of video by its size. A good CPU needs a twentieth. */
const cpu = { floor: 120, ofSound: 2, ofMegapixel: 20 };
/** What the job as a whole may take (platform/queue/jobs.ts) is no less for what runs in it. */
const longestMs = 8 * 3_600_000;
/** Wall clock for each CPU second, on one CPU that others want as well. */
const patience = 2;
/** The steepest rung takes 2.2 MB a second at most; what is only put into another container is as large as it was. */
const output = { floor: 64 * MiB, ofSecond: 4 * MiB };
/** Address space, which is several times what is really used: encoders reserve it for each thread. */
const memory = { floor: 6 * GiB, ofThread: GiB };

/** @param memoryBytes address space; 0: from the number of threads */
export function budgetOf({ durationMs, pixels, bytes }: Work, threads: number, memoryBytes = 0): Budget {
  const seconds = durationMs / 1000;
  const cpuSeconds = cpu.floor + seconds * (cpu.ofSound + (cpu.ofMegapixel * pixels) / 1e6);
  return {
    timeoutMs: Math.min(cpuSeconds * patience * 1000, longestMs),
    limits: {
      cpuSeconds: Math.min(cpuSeconds, (longestMs / 1000) * threads),
      memoryBytes: memoryBytes || memory.floor + memory.ofThread * threads,
      outputBytes: output.floor + bytes + output.ofSecond * seconds,
    },
  };
}
