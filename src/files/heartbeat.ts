import type { EntityManager } from '@mikro-orm/postgresql';
import type { Progress } from './progress.js';

const everyMs = 1_000;

/** Writes progress and a sign of life to the file's row, once a second. */
export class Heartbeat {
  private writing: Promise<void> | null = null;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly em: EntityManager,
    private readonly fileId: string,
    private readonly progress: Progress,
    private readonly onError: (error: unknown) => void,
  ) {
    this.timer = setInterval(() => this.beat(), everyMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
  }

  private beat(): void {
    const { progress, remainingMs } = this.progress.step();
    // A database that is slow gets no heap of them.
    this.writing ??= this.em
      .execute(
        `update files set progress = greatest(progress, ?), remaining_ms = ?, heartbeat_at = now() where id = ? and (status = 'processing' or redo)`,
        [progress, remainingMs, this.fileId],
      )
      .then(() => undefined, this.onError)
      .finally(() => {
        this.writing = null;
      });
  }
}
