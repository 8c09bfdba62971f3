import type { Config } from '../platform/config/env.js';

/** What a check found: a fact about what works, or what is wrong and what to do about it. */
export interface Finding {
  state: 'ok' | 'warning' | 'broken';
  found: string;
  /** What to do; absent where all is well. */
  remedy?: string;
}
export const ok = (found: string): Finding => ({ state: 'ok', found });
export const warning = (found: string, remedy: string): Finding => ({ state: 'warning', found, remedy });
export const broken = (found: string, remedy: string): Finding => ({ state: 'broken', found, remedy });

/** Changes nothing that stays. What it throws counts as broken, with its `remedy`. */
export interface Check {
  name: string;
  remedy: string;
  run(config: Config): Promise<Finding[]>;
}

const patienceMs = 15_000;

/** Runs a check to its end, or for fifteen seconds. */
export async function findingsOf({ run, remedy }: Check, config: Config): Promise<Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding[]>((resolve) => {
    timer = setTimeout(resolve, patienceMs, [broken(`no answer for ${patienceMs / 1_000} seconds`, remedy)]);
  });
  try {
    return await Promise.race([run(config), late]);
  } catch (error) {
    return [broken(reasonOf(error), remedy)];
  } finally {
    clearTimeout(timer);
  }
}

/** Some errors of connections have no message, only others inside. */
const reasonOf = (error: unknown): string =>
  error instanceof AggregateError
    ? [...new Set(error.errors.map(reasonOf))].join(', ')
    : error instanceof Error
      ? error.message || error.name
      : String(error);
