import type { Binaries } from './binaries.js';
import type { Budget } from './budget.js';

/** What every piece of work is given beside its files. */
export type Context = {
  binaries: Binaries;
  /** CPUs this work may use. */
  threads: number;
  /** Aborting kills what runs and rejects with the signal's reason. */
  signal: AbortSignal;
  /** Called with 0..1, as often as the tool reports. */
  onProgress?: (fraction: number) => void;
  /** Sound and video that turn out to play longer are not processed. */
  maxDurationMs?: number;
  /** Photos as AVIF, too. */
  avif?: boolean;
  /** How far the work steps back for others, 0 to 19; 15 when not said. */
  niceness?: number;
  /** What each child process may take; where the system cannot enforce it, only the wall clock counts. */
  budget?: Budget;
};
