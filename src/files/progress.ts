/** How far shown progress may run ahead of the measured one, as a fraction of the whole. */
const maxLead = 0.03;
/** Fraction of the remaining distance per step of one second. */
const approach = 0.02;
/** Earlier an estimate of the remaining time would be meaningless. */
const early = { elapsedMs: 3_000, fraction: 0.03 };
const maxRemainingMs = 24 * 60 * 60 * 1000;

/**
 * The progress shown to clients. Tools report often or, while starting or storing, not at all: between reports it
 * advances by itself, ever slower and never far. It never goes back, not even on a retry.
 */
export class Progress {
  private measured = 0;
  private shown = 0;
  private remainingMs: number | null = null;
  private readonly startedAt: number;

  /**
   * @param base progress that earlier attempts have shown
   * @param now ms
   */
  constructor(
    private readonly base: number,
    private readonly now: () => number = Date.now,
  ) {
    this.startedAt = now();
  }

  /** @param fraction 0..1 of this attempt */
  report(fraction: number): void {
    this.measured = Math.min(1, Math.max(this.measured, fraction));
  }

  /** Advances by one step. To be called once a second. */
  step(): { progress: number; remainingMs: number | null } {
    const lead = Math.min(maxLead, (1 - this.measured) / 2);
    const onward = this.shown + Math.max(0, this.measured + lead - this.shown) * approach;
    this.shown = Math.max(this.measured, onward);
    this.remainingMs = this.estimate();
    return { progress: this.base + (1 - this.base) * this.shown, remainingMs: this.remainingMs };
  }

  /**
   * Extrapolates the rate so far. Small increases are noise, and a growing estimate is useless, so they are ignored; an
   * estimate that was too low by half is replaced.
   */
  private estimate(): number | null {
    const elapsedMs = this.now() - this.startedAt;
    if (elapsedMs < early.elapsedMs || this.shown < early.fraction) return this.remainingMs;
    const raw = Math.min(maxRemainingMs, Math.round((elapsedMs * (1 - this.shown)) / this.shown));
    if (this.remainingMs === null) return raw;
    return raw > 2 * this.remainingMs + 10_000 ? raw : Math.min(raw, this.remainingMs);
  }
}
