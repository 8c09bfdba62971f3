import { LRUCache } from 'lru-cache';

/** Texts that are kept. A connection holds a plan of each that it was asked: some 50 kB of PostgreSQL's memory. */
const most = 400;
/** A text that is asked so often is worth one: what a rare one costs to plan, it costs rarely. */
const worth = 3;

/**
 * Which texts of this process are prepared: those that are asked often, and of these the ones that were asked last. How
 * many there are is for the code to say, and for nobody who sends a request, so there is always room for what is asked.
 */
export class Plans {
  readonly numbers = { asked: 0, prepared: 0, kept: 0, retired: 0 };
  private serial = 0;
  private readonly asked: LRUCache<string, number>;
  private readonly names: LRUCache<string, string>;
  private readonly kept = new Set<string>();

  constructor(readonly max = most) {
    this.asked = new LRUCache({ max: 5 * max });
    this.names = new LRUCache({ max, dispose: (name) => this.retire(name) });
  }

  /** @returns the name under which a connection keeps the plan of a text; undefined while it is not worth one */
  nameOf(text: string): string | undefined {
    this.numbers.asked += 1;
    const known = this.names.get(text);
    if (known) {
      this.numbers.prepared += 1;
      return known;
    }
    const times = (this.asked.get(text) ?? 0) + 1;
    if (times < worth) {
      this.asked.set(text, times);
      return undefined;
    }
    this.asked.delete(text);
    const name = `v${(this.serial += 1)}`;
    this.names.set(text, name);
    this.kept.add(name);
    this.numbers.kept = this.kept.size;
    return name;
  }

  /** Whether a connection that has this plan may still be asked for it. */
  keeps(name: string): boolean {
    return this.kept.has(name);
  }

  /** PostgreSQL does not run it any more: what it stands on has changed. The next one has another name. */
  forget(text: string): void {
    this.names.delete(text);
  }

  private retire(name: string): void {
    this.kept.delete(name);
    this.numbers.kept = this.kept.size;
    this.numbers.retired += 1;
  }
}
