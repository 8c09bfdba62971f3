import { performance } from 'node:perf_hooks';

const MiB = 1024 * 1024;
const everyMs = 10_000;
/** Less garbage than this is not worth a pause of a tenth of a second. */
const minGarbageBytes = 32 * MiB;
/** Event-loop utilization above which the process counts as busy. */
const busyUtilization = 0.05;

/**
 * Collects the old generation once a rush is over: V8 does so only when its heap grows, and keeps hundreds of MiB in an
 * idle process. Does nothing without --expose-gc.
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
    if (utilization > busyUtilization || process.memoryUsage().heapUsed < aliveBytes + minGarbageBytes) return;
    void gc({ type: 'major' });
    aliveBytes = process.memoryUsage().heapUsed;
  }, everyMs).unref();
}
