import { setTimeout as sleep } from 'node:timers/promises';

const everyMs = 50;

/**
 * Requests `/livez` every 50 ms while `work` runs.
 * @returns the time of the slowest answer, in ms
 */
export async function slowestHeartbeat(origin: string, work: () => Promise<unknown>): Promise<number> {
  let slowest = 0;
  const end = new AbortController();
  const asked: Promise<void>[] = [];
  const ask = async () => {
    const begun = performance.now();
    const { status } = await fetch(`${origin}/livez`);
    if (status !== 200) throw new Error(`/livez answers ${status}`);
    slowest = Math.max(slowest, performance.now() - begun);
  };
  const asking = (async () => {
    while (!end.signal.aborted) {
      asked.push(ask());
      await sleep(everyMs);
    }
  })();
  try {
    await work();
  } finally {
    end.abort();
  }
  await asking;
  await Promise.all(asked);
  return slowest;
}
