import type { Binaries } from './binaries.js';
import type { Budget } from './budget.js';

/** Parameters of all processing besides its files. */
export type Context = {
  binaries: Binaries;
  /** CPUs this work may use. */
  threads: number;
  /** Aborting kills running tools and rejects with the signal's reason. */
  signal: AbortSignal;
  /** Called with 0..1, as often as the tool reports. */
  onProgress?: (fraction: number) => void;
  /** Sound and video that turn out to be longer are not processed. */
  maxDurationMs?: number;
  /** Also make AVIF of photos. */
  avif?: boolean;
  /** Niceness of the tools, 0 to 19; default 15. */
  niceness?: number;
  /** Limits of each child process; where the system can't enforce them, only the wall clock counts. */
  budget?: Budget;
};
