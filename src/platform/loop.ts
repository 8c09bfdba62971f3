import { setTimeout as sleep } from 'node:timers/promises';

interface Pace {
  /** Longest time between two rounds, ms: in case a wake-up is lost. */
  pollMs: number;
  /** Shortest time between the starts of two rounds, ms. The first wake-up after a quiet time does not wait. */
  gatherMs: number;
}

/** Repeats a piece of work: when it is woken, and at an interval. Wake-ups during a round cause one more. */
export class Loop {
  private stopped = false;
  private woken = false;
  private wakeUp: (() => void) | undefined;
  private running: Promise<void> = Promise.resolve();

  /** @param onError gets what `work` throws; the next round comes all the same */
  constructor(
    private readonly work: () => Promise<unknown>,
    private readonly onError: (error: unknown) => void,
    private readonly pace: Pace,
  ) {}

  start(): void {
    this.running = this.run();
  }

  wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  get isStopping(): boolean {
    return this.stopped;
  }

  /** Waits for the round in progress. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const begun = performance.now();
      try {
        await this.work();
        if (!this.stopped) await sleep(Math.max(0, this.pace.gatherMs - (performance.now() - begun)));
      } catch (error) {
        this.onError(error);
        // Not at once: a wake-up may have been the cause.
        this.woken = false;
      }
      if (!this.stopped) await this.pause();
    }
  }

  private async pause(): Promise<void> {
    if (!this.woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.pace.pollMs);
        this.wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.wakeUp = undefined;
    this.woken = false;
  }
}
