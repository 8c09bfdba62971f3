import type { ResourceLimits } from './isolation.js';

/** The amount of work, as measured when the file was uploaded. */
export type Work = {
  /** ms; 0 for a picture */
  durationMs: number;
  /** width × height; 0 for sound */
  pixels: number;
  /** Size of the source. */
  bytes: number;
};

/** Resource limits of one child process. Far beyond what any valid file needs: they end endless work. */
export type Budget = { /** Wall clock. */ timeoutMs: number; limits: ResourceLimits };

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

/**
 * CPU seconds: a base, plus some per second of sound and per megapixel and second of video. A good CPU needs a
 * twentieth.
 */
const cpu = { floor: 120, ofSound: 2, ofMegapixel: 20 };
/** Not less than the time limit of the whole job (platform/queue/jobs.ts). */
const maxWallMs = 8 * 3_600_000;
/** Wall clock per CPU second, on one shared CPU. */
const wallPerCpuSecond = 2;
/** The largest rung takes at most 2.2 MB a second; a remuxed file is as large as before. */
const output = { floor: 64 * MiB, ofSecond: 4 * MiB };
/** Address space, several times the memory in use: encoders reserve it per thread. */
const memory = { floor: 6 * GiB, ofThread: GiB };

/** @param memoryBytes address space; 0: derived from the number of threads */
export function budgetOf({ durationMs, pixels, bytes }: Work, threads: number, memoryBytes = 0): Budget {
  const seconds = durationMs / 1000;
  const cpuSeconds = cpu.floor + seconds * (cpu.ofSound + (cpu.ofMegapixel * pixels) / 1e6);
  return {
    timeoutMs: Math.min(cpuSeconds * wallPerCpuSecond * 1000, maxWallMs),
    limits: {
      cpuSeconds: Math.min(cpuSeconds, (maxWallMs / 1000) * threads),
      memoryBytes: memoryBytes || memory.floor + memory.ofThread * threads,
      outputBytes: output.floor + bytes + output.ofSecond * seconds,
    },
  };
}
