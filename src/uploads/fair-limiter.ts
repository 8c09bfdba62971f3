import pLimit, { type LimitFunction } from 'p-limit';
import { Problem } from '../platform/http/problems.js';

/** Limits concurrent work, in all and per owner, so that nobody waits behind somebody else's backlog. Per process. */
export class FairLimiter {
  private readonly all: LimitFunction;
  private readonly owners = new Map<string, { limit: LimitFunction; waiting: number }>();

  constructor(
    maxInAll: number,
    private readonly maxPerOwner: number,
    private readonly maxWaitMs: number,
  ) {
    this.all = pLimit(maxInAll);
  }

  /** @throws {Problem} `unavailable` if its turn does not come in time; the work is not begun then */
  async run<T>(ownerId: string, work: () => Promise<T>): Promise<T> {
    const owner = this.owners.get(ownerId) ?? { limit: pLimit(this.maxPerOwner), waiting: 0 };
    this.owners.set(ownerId, owner);
    owner.waiting += 1;
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(tooBusy()), this.maxWaitMs);
    const inTurn = owner.limit(() =>
      this.all(() => {
        clearTimeout(timer);
        patience.signal.throwIfAborted();
        return work();
      }),
    );
    const left = inTurn.finally(() => {
      owner.waiting -= 1;
      if (owner.waiting === 0) this.owners.delete(ownerId);
    });
    return Promise.race([left, rejection(patience.signal)]);
  }
}

const rejection = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Problem), { once: true });
  });

const tooBusy = () =>
  new Problem('unavailable', {
    detail: 'Too many files are being inspected at the moment.',
    headers: { 'retry-after': '30' },
  });
