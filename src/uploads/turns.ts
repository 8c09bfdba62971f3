import pLimit, { type LimitFunction } from 'p-limit';

/**
 * Work of many owners with few places: so many at once in all, and only a share of them for one owner, so that nobody
 * stands behind somebody's pile. Per process.
 */
export class Turns {
  private readonly all: LimitFunction;
  private readonly owners = new Map<string, { turns: LimitFunction; waiting: number }>();

  constructor(
    places: number,
    private readonly placesOfOne: number,
  ) {
    this.all = pLimit(places);
  }

  async take<T>(ownerId: string, work: () => Promise<T>): Promise<T> {
    const owner = this.owners.get(ownerId) ?? { turns: pLimit(this.placesOfOne), waiting: 0 };
    this.owners.set(ownerId, owner);
    owner.waiting += 1;
    try {
      return await owner.turns(() => this.all(work));
    } finally {
      owner.waiting -= 1;
      if (owner.waiting === 0) this.owners.delete(ownerId);
    }
  }
}
