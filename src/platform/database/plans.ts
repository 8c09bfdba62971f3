import { LRUCache } from 'lru-cache';

/** Each connection holds a plan of each prepared text that it has run: some 50 kB of PostgreSQL's memory. */
const maxPreparedStatements = 400;
/** Uses after which a text is prepared: planning a rare one each time costs little. */
const minUses = 3;

/**
 * Decides which statements of this process are prepared: frequent ones, and of these the most recently used. Their
 * number depends on the code, never on what requests contain, so clients cannot push plans out.
 */
export class Plans {
  readonly numbers = { asked: 0, prepared: 0, kept: 0, retired: 0 };
  private serial = 0;
  private readonly asked: LRUCache<string, number>;
  private readonly names: LRUCache<string, string>;
  private readonly kept = new Set<string>();

  constructor(readonly max = maxPreparedStatements) {
    this.asked = new LRUCache({ max: 5 * max });
    this.names = new LRUCache({ max, dispose: (name) => this.retire(name) });
  }

  /** @returns the name of the prepared statement; undefined while the text is too rare to prepare */
  nameOf(text: string): string | undefined {
    this.numbers.asked += 1;
    const known = this.names.get(text);
    if (known) {
      this.numbers.prepared += 1;
      return known;
    }
    const times = (this.asked.get(text) ?? 0) + 1;
    if (times < minUses) {
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

  /** Whether a plan is still in use. */
  keeps(name: string): boolean {
    return this.kept.has(name);
  }

  /** PostgreSQL can no longer run the plan: its tables changed. The next one gets another name. */
  forget(text: string): void {
    this.names.delete(text);
  }

  private retire(name: string): void {
    this.kept.delete(name);
    this.numbers.kept = this.kept.size;
    this.numbers.retired += 1;
  }
}
