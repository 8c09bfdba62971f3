import { performance } from 'node:perf_hooks';

const MiB = 1024 * 1024;
const everyMs = 10_000;
/** As much garbage as is not worth the pause, of a tenth of a second. */
const mostBytes = 32 * MiB;
/** Of the time. */
const busy = 0.05;

/**
 * Gives back what a rush left behind, once it is over: V8 collects its old generation when it grows on, and keeps
 * hundreds of MiB where nobody comes any more. Does nothing where the process was started without --expose-gc.
 */
export function collectWhenIdle(): void {
  const { gc } = globalThis;
  if (!gc) return;
  let before = performance.eventLoopUtilization();
  let aliveBytes = 0;
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > busy || process.memoryUsage().heapUsed < aliveBytes + mostBytes) return;
    void gc({ type: 'major' });
    aliveBytes = process.memoryUsage().heapUsed;
  }, everyMs).unref();
}
