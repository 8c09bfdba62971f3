import type { EntityManager } from '@mikro-orm/postgresql';
import type { Progress } from './progress.js';
import { sql } from '../platform/database/sql.js';

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
    /** Told after each write, with the progress as it is stored. */
    private readonly onBeat: (progress: number) => void,
  ) {
    this.timer = setInterval(() => this.beat(), everyMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
  }

  private beat(): void {
    const { progress, remainingMs } = this.progress.step();
    // At most one write at a time: a slow database must not pile them up.
    this.writing ??= sql<{ progress: number }>`
      update files set progress = greatest(progress, ${progress}), remaining_ms = ${remainingMs}, heartbeat_at =
        now() where id = ${this.fileId} and (status = 'processing' or redo)
      returning progress`
      .all(this.em)
      .then(([row]) => row && this.onBeat(row.progress))
      .catch(this.onError)
      .finally(() => {
        this.writing = null;
      });
  }
}
