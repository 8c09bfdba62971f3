import type { Socket } from 'socket.io';
import type { Held, Identified } from '../auth/socket-credentials.service.js';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { refusalOf, type Acknowledgement, type CommandRunner } from '../platform/realtime/command-runner.js';
import type { ClosingCode } from '../platform/realtime/closing.js';
import type { Outlet } from '../platform/realtime/stream.js';
import { maxUnread, packetsWaiting } from '../platform/realtime/waiting.js';
import { CommandBudget } from './command-budget.js';

/** Longest that setTimeout can wait. */
const maxTimeoutMs = 2 ** 31 - 1;
/** For the last packets; a client that takes nothing is cut off then. */
const lastPacketsMs = 2_000;

/** Commands that wait for the one that runs; more are refused. */
const maxQueued = 40;

type Answer = (acknowledgement: Acknowledgement) => void;

/** One socket that was let in. */
export class Connection {
  private readonly budget = new CommandBudget();
  private expiry: NodeJS.Timeout | undefined;
  private isClosing = false;
  /** The last command. */
  private last: Promise<unknown> = Promise.resolve();
  private queued = 0;

  constructor(
    private readonly socket: Socket,
    private identified: Identified,
    private readonly runner: CommandRunner,
  ) {
    this.watchExpiry();
    socket.onAny((name: string, ...args: unknown[]) => void this.take(name, args));
    socket.once('disconnect', () => {
      clearTimeout(this.expiry);
      // A socket that only leaves its namespace would stay open, with nobody in it.
      socket.conn.close();
    });
  }

  get id(): string {
    return this.socket.id;
  }

  get viewer(): Viewer {
    return this.identified.viewer;
  }

  /** The session or key that it was opened by. */
  get credential(): Held {
    return { id: (this.viewer.sessionId ?? this.viewer.key?.id)!, userId: this.viewer.id };
  }

  /** @throws {Problem} `bad_credentials` unless it is of the same session */
  renew(identified: Identified | null): void {
    if (!identified || identified.viewer.sessionId !== this.viewer.sessionId || !this.viewer.sessionId)
      throw new Problem('bad_credentials');
    this.identified = identified;
    this.watchExpiry();
  }

  emit(name: string, payload: object): void {
    this.socket.emit(name, payload);
  }

  outlet(): Outlet {
    const { conn } = this.socket;
    return {
      emit: (name, payload) => this.emit(name, payload),
      waiting: () => packetsWaiting(conn),
      onDrain: (call) => void conn.on('drain', call),
      giveUp: () => this.close('slow_consumer'),
    };
  }

  /** Says why, then closes: for good, unless this process is what ends. */
  close(code: ClosingCode, retryAfterMs?: number): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.emit('closing', { code, ...(retryAfterMs !== undefined && { retryAfterMs }) });
    const { conn } = this.socket;
    // After this a client reconnects by itself; after `disconnect` it does not.
    if (code === 'draining') conn.close();
    else this.socket.disconnect(true);
    const cut = setTimeout(() => conn.close(true), lastPacketsMs);
    conn.once('close', () => clearTimeout(cut));
  }

  private watchExpiry(): void {
    clearTimeout(this.expiry);
    const { expiresAt } = this.identified;
    if (!expiresAt) return;
    const left = expiresAt.getTime() - Date.now();
    this.expiry = setTimeout(
      () => (left > maxTimeoutMs ? this.watchExpiry() : this.close('token_expired')),
      Math.min(Math.max(left, 0), maxTimeoutMs),
    );
  }

  private async take(name: string, args: unknown[]): Promise<void> {
    if (this.isClosing) return;
    // It sends, and reads none of the answers.
    if (packetsWaiting(this.socket.conn) > maxUnread) return this.close('slow_consumer');
    const answer = typeof args.at(-1) === 'function' ? (args.pop() as Answer) : () => undefined;
    const verdict = this.budget.take();
    if (verdict === 'close') return this.close('too_many_commands');
    if (verdict === 'refuse' || this.queued === maxQueued)
      return answer({ error: refusalOf(new Problem('too_many_requests')) });
    this.queued++;
    // One after the other: what is sent without waiting for answers is done in its order.
    const done = this.last.then(() => this.runner.run({ viewer: this.viewer, socketId: this.id }, name, args));
    this.last = done;
    answer(await done);
    this.queued--;
  }
}
