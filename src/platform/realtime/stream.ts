import { setTimeout as sleep } from 'node:timers/promises';
import { isoTime } from '../database/iso-time.js';
import { eventCursor, logPage, type Logged } from './log.js';
import { maxWaiting } from './waiting.js';

/** A row of the log, as its user may see it now. */
export interface Rendered {
  seq: number;
  name: string;
  /** ISO 8601. */
  at: string;
  /** Null: nothing to tell, but the number is passed. */
  payload: object | null;
}

/** Where a stream ends: one socket. */
export interface Outlet {
  emit(name: string, payload: object): void;
  /** Packets that the network has not taken yet. */
  waiting(): number;
  onDrain(call: () => void): void;
  /** The client reads too slowly, or not at all. */
  giveUp(): void;
}

/** A reader that takes nothing for so long is closed. */
const patienceMs = 60_000;
const retryMs = 1_000;

/**
 * What one socket is told: each event of its user once, in the order of the log. While it is live, events come as they
 * are numbered; when one is missing, or the client is slow, it reads the log until there is nothing more.
 */
export class Stream {
  private isLive = false;
  private isReading = false;
  private isClosed = false;
  /** The highest number that was offered. */
  private latest = 0;
  private patience: NodeJS.Timeout | undefined;

  /** @param sent the client has everything up to here */
  constructor(
    private readonly epoch: string,
    private sent: number,
    private readonly outlet: Outlet,
    private readonly read: (after: number) => Promise<Rendered[]>,
    private readonly onError: (error: unknown) => void,
  ) {
    outlet.onDrain(() => this.drained());
  }

  get cursor(): string {
    return eventCursor(this.epoch, this.sent);
  }

  /** One that was just numbered. */
  offer(event: Rendered): void {
    this.latest = Math.max(this.latest, event.seq);
    if (this.isClosed || event.seq <= this.sent) return;
    if (this.isLive && event.seq === this.sent + 1) this.send(event);
    else this.catchUp();
  }

  /** One that was numbered, and could not be rendered with others: whoever it is for tries alone. */
  missed(seq: number): void {
    this.latest = Math.max(this.latest, seq);
    if (seq > this.sent) this.catchUp();
  }

  /** Reads the log until there is nothing more. */
  catchUp(): void {
    this.isLive = false;
    if (this.isReading || this.isClosed) return;
    if (this.isFull()) return this.hold();
    this.isReading = true;
    void this.readAll().finally(() => (this.isReading = false));
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.patience);
  }

  private async readAll(): Promise<void> {
    while (!this.isClosed && !this.isFull()) {
      try {
        const rows = await this.read(this.sent);
        for (const row of rows) if (!this.isClosed) this.send(row);
        if (rows.length < logPage && this.latest <= this.sent) {
          // Full again by what was just sent: `drained` goes on.
          this.isLive = !this.isFull();
          return;
        }
      } catch (error) {
        this.onError(error);
        await sleep(retryMs);
      }
    }
  }

  private send({ seq, name, at, payload }: Rendered): void {
    this.sent = seq;
    if (payload) this.outlet.emit(name, { ...payload, cursor: this.cursor, at });
    if (this.isFull()) this.hold();
  }

  private isFull(): boolean {
    // The log keeps the rest.
    return this.outlet.waiting() > maxWaiting;
  }

  private hold(): void {
    this.isLive = false;
    this.patience ??= setTimeout(() => this.outlet.giveUp(), patienceMs);
  }

  private drained(): void {
    clearTimeout(this.patience);
    this.patience = undefined;
    if (!this.isLive) this.catchUp();
  }
}

export const rendered = (row: Logged, payload: object | null): Rendered => ({
  seq: row.seq,
  name: row.name,
  at: isoTime(row.at),
  payload,
});
