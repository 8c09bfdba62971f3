import pLimit, { type LimitFunction } from 'p-limit';

/** Limits concurrent work, in all and per owner, so that nobody waits behind somebody else's backlog. Per process. */
export class FairLimiter {
  private readonly all: LimitFunction;
  private readonly owners = new Map<string, { limit: LimitFunction; waiting: number }>();

  constructor(
    maxInAll: number,
    private readonly maxPerOwner: number,
  ) {
    this.all = pLimit(maxInAll);
  }

  async run<T>(ownerId: string, work: () => Promise<T>): Promise<T> {
    const owner = this.owners.get(ownerId) ?? { limit: pLimit(this.maxPerOwner), waiting: 0 };
    this.owners.set(ownerId, owner);
    owner.waiting += 1;
    try {
      return await owner.limit(() => this.all(work));
    } finally {
      owner.waiting -= 1;
      if (owner.waiting === 0) this.owners.delete(ownerId);
    }
  }
}
