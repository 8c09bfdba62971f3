import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats until the answer is truthy.
 * @throws {Error} if it takes too long
 */
export async function until<T>(
  ask: () => Promise<T>,
  what: string,
  limitMs = 90_000,
  everyMs = 100,
): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer as never;
    if (Date.now() > deadline) throw new Error(`Waited ${limitMs} ms for ${what}`);
    await sleep(everyMs);
  }
}
