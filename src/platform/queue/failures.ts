import type { Logger } from '@nestjs/common';

/** Errors that are kept for the message of the job; each one is in the log. */
const maxErrors = 20;

/**
 * Collects the failures of a job whose steps do not depend on each other. A failed step is logged and the next one runs;
 * the job fails at its end, so that it counts as failed and runs again.
 */
export class Failures {
  private readonly errors: unknown[] = [];
  private count = 0;

  constructor(
    private readonly logger: Logger,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * @param context of the log line
   * @throws the signal's reason when the job was aborted
   */
  async attempt(context: Record<string, string>, step: () => Promise<unknown>): Promise<void> {
    this.signal.throwIfAborted();
    try {
      await step();
    } catch (error) {
      this.signal.throwIfAborted();
      this.logger.warn({ ...context, err: error }, 'this step failed; the others go on');
      this.count++;
      if (this.errors.length < maxErrors) this.errors.push(error);
    }
  }

  /** @throws {AggregateError} if a step failed */
  throwIfAny(): void {
    if (this.count) throw new AggregateError(this.errors, `${this.count} steps failed`);
  }
}
