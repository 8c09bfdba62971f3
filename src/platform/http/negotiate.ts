import Negotiator from 'negotiator';
import type { IncomingHttpHeaders } from 'node:http';

/** A longer `Accept` than any client sends is ignored: parsing takes more than linear time. */
const maxAcceptLength = 1_000;

/** Of the types offered, the first in the order of preference that `Accept` allows; if it allows none, the last. */
export function negotiated(offered: string[], { accept }: IncomingHttpHeaders): string | undefined {
  const headers = (accept?.length ?? 0) > maxAcceptLength ? {} : { accept };
  return new Negotiator({ headers }).mediaType(offered) ?? offered.at(-1);
}
