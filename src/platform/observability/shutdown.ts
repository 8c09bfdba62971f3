import type { INestApplicationContext } from '@nestjs/common';
import type { Health } from './health.js';

const signals = ['SIGTERM', 'SIGINT'] as const;

/**
 * Ends a process in order on SIGTERM or Ctrl-C: first not ready, then no new work, then running work is finished or
 * returned to the queue. A second signal ends it at once.
 * @param limitMs after which it is ended anyway
 */
export function shutdownOnSignal(
  app: INestApplicationContext,
  health: Health,
  limitMs: number,
  more?: () => Promise<unknown>,
): void {
  let asked = false;
  const stop = async () => {
    if (asked) process.exit(1);
    asked = true;
    setTimeout(() => process.exit(1), limitMs).unref();
    health.drain();
    await more?.();
    await app.close();
    process.exit(0);
  };
  for (const signal of signals) {
    process.on(signal, () => {
      stop().catch((error: unknown) => {
        process.stderr.write(`Shutdown failed: ${String(error)}\n`);
        process.exit(1);
      });
    });
  }
}
