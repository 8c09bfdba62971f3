import type { EntityManager } from '@mikro-orm/postgresql';

const everyMs = 1_000;
const silentMs = 10_000;
const maxRemainingMs = 24 * 60 * 60 * 1000;

/** Writes progress and a sign of life to the file's row: at most once a second, at least every ten. */
export class Heartbeat {
  private latest = 0;
  private written = 0;
  private readonly startedAt = Date.now();
  private writtenAt = Date.now();
  private writing: Promise<void> = Promise.resolve();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly em: EntityManager,
    private readonly fileId: string,
    private readonly onError: (error: unknown) => void,
  ) {
    this.timer = setInterval(() => this.beat(), everyMs).unref();
  }

  /** @param fraction 0..1; never goes back */
  progress(fraction: number): void {
    this.latest = Math.min(1, Math.max(this.latest, fraction));
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
  }

  private beat(): void {
    if (this.latest === this.written && Date.now() - this.writtenAt < silentMs) return;
    this.written = this.latest;
    this.writtenAt = Date.now();
    this.writing = this.em
      .execute(
        `update files set progress = greatest(progress, ?), remaining_ms = ?, heartbeat_at = now() where id = ? and (status = 'processing' or redo)`,
        [this.latest, this.remainingMs(), this.fileId],
      )
      .then(() => undefined, this.onError);
  }

  /** What is left takes as long as what is done did. Null as long as that says nothing. */
  private remainingMs(): number | null {
    if (this.latest < 0.02) return null;
    return Math.min(maxRemainingMs, Math.round(((Date.now() - this.startedAt) * (1 - this.latest)) / this.latest));
  }
}
