/** How far ahead of what was measured last progress may go, as a part of the whole. */
const maxLead = 0.03;
/** How much of the way to there it goes with each step, which is a second. */
const approach = 0.02;
/** Before that an estimate of the time left says nothing. */
const early = { elapsedMs: 3_000, fraction: 0.03 };
const maxRemainingMs = 24 * 60 * 60 * 1000;

/**
 * What is shown of how far a file is. Tools report often or, while they begin or store, not at all: between reports it
 * goes on by itself, ever slower and never far. It never goes back, in a second try neither.
 */
export class Progress {
  private measured = 0;
  private shown = 0;
  private remainingMs: number | null = null;
  private readonly startedAt: number;

  /**
   * @param base what tries before this one have shown
   * @param now ms
   */
  constructor(
    private readonly base: number,
    private readonly now: () => number = Date.now,
  ) {
    this.startedAt = now();
  }

  /** @param fraction 0..1 of this try */
  report(fraction: number): void {
    this.measured = Math.min(1, Math.max(this.measured, fraction));
  }

  /** One step on. To be called once a second. */
  step(): { progress: number; remainingMs: number | null } {
    const lead = Math.min(maxLead, (1 - this.measured) / 2);
    const onward = this.shown + Math.max(0, this.measured + lead - this.shown) * approach;
    this.shown = Math.max(this.measured, onward);
    this.remainingMs = this.estimate();
    return { progress: this.base + (1 - this.base) * this.shown, remainingMs: this.remainingMs };
  }

  /**
   * What is left takes as long as what is done did. A little more than before is noise, and an estimate that grows is of
   * no use; one that was wrong by half is given up.
   */
  private estimate(): number | null {
    const elapsedMs = this.now() - this.startedAt;
    if (elapsedMs < early.elapsedMs || this.shown < early.fraction) return this.remainingMs;
    const raw = Math.min(maxRemainingMs, Math.round((elapsedMs * (1 - this.shown)) / this.shown));
    if (this.remainingMs === null) return raw;
    return raw > 2 * this.remainingMs + 10_000 ? raw : Math.min(raw, this.remainingMs);
  }
}
