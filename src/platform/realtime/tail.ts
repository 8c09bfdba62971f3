import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Bus } from '../bus/bus.js';
import { Loop } from '../loop.js';
import { isForProcesses, type LiveEventName } from './live-events.js';
import { EventLog, type Logged } from './log.js';
import { Renderers } from './renderers.js';
import { rendered, type Rendered, type Stream } from './stream.js';

const pollMs = 1_000;
/** How often those who are there are noted as seen. */
const stayMs = 3_600_000;
const slice = 1_000;

type ForProcesses = Extract<LiveEventName, `~${string}`>;

/** Follows the log, and offers what is new in it to the streams of this process. */
@Injectable()
export class Tail implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Realtime');
  private readonly loop: Loop;
  private readonly streams = new Map<string, Set<Stream>>();
  private readonly watchers = new Map<ForProcesses, ((userIds: string[]) => void)[]>();
  /** The last row that was seen. */
  private gid: string | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly log: EventLog,
    private readonly renderers: Renderers,
    bus: Bus,
  ) {
    const warn = (error: unknown) => this.logger.warn({ err: error }, 'could not read the log, will try again');
    this.loop = new Loop(() => this.follow(), warn, { pollMs, gatherMs: 0 });
    bus.subscribe('log', () => this.loop.wake());
  }

  onApplicationBootstrap(): void {
    this.loop.start();
    this.timer = setInterval(() => void this.stay(), stayMs);
  }

  beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    return this.loop.stop();
  }

  /** Of users who have sockets here. */
  watch(name: ForProcesses, call: (userIds: string[]) => void): void {
    this.watchers.set(name, [...(this.watchers.get(name) ?? []), call]);
  }

  add(userId: string, stream: Stream): void {
    const streams = this.streams.get(userId) ?? new Set();
    this.streams.set(userId, streams.add(stream));
  }

  remove(userId: string, stream: Stream): void {
    const streams = this.streams.get(userId);
    streams?.delete(stream);
    if (streams?.size === 0) this.streams.delete(userId);
  }

  /** For a stream that is behind. */
  async read(userId: string, seq: number): Promise<Rendered[]> {
    return this.render(await this.log.after(userId, seq));
  }

  async render(rows: readonly Logged[]): Promise<Rendered[]> {
    const payloads = await this.renderers.render(rows);
    return rows.map((row, i) => rendered(row, payloads[i]!));
  }

  private async follow(): Promise<void> {
    if (this.gid === undefined) {
      this.gid = await this.log.lastGid();
      // What is before it, and came after they had read the log.
      for (const streams of this.streams.values()) for (const stream of streams) stream.catchUp();
    }
    let rows: (Logged & { gid: string })[];
    do {
      rows = await this.log.next(this.gid);
      await this.tell(rows.filter(({ userId }) => this.streams.has(userId)));
      this.gid = rows.at(-1)?.gid ?? this.gid;
    } while (rows.length && !this.loop.isStopping);
  }

  private async tell(rows: Logged[]): Promise<void> {
    for (const [name, some] of Map.groupBy(
      rows.filter(({ name }) => isForProcesses(name)),
      ({ name }) => name,
    ))
      for (const call of this.watchers.get(name as ForProcesses) ?? [])
        call([...new Set(some.map(({ userId }) => userId))]);
    const to = (row: Logged) => this.streams.get(row.userId) ?? [];
    try {
      const events = await this.render(rows);
      rows.forEach((row, i) => {
        for (const stream of to(row)) stream.offer(events[i]!);
      });
    } catch (error) {
      // One row may be the cause: it must not hold up the others for ever.
      this.logger.warn({ err: error }, 'could not render live events together');
      for (const row of rows) for (const stream of to(row)) stream.missed(row.seq);
    }
  }

  private async stay(): Promise<void> {
    const userIds = [...this.streams.keys()];
    try {
      for (let i = 0; i < userIds.length; i += slice) await this.log.stay(userIds.slice(i, i + slice));
    } catch (error) {
      this.logger.warn({ err: error }, 'could not note who is there, will try again in an hour');
    }
  }
}
