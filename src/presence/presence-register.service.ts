import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Bus } from '../platform/bus/bus.js';
import { packedChunks } from '../platform/bus/packed-ids.js';
import { Loop } from '../platform/loop.js';
import { heartbeatSeconds } from '../platform/realtime/online.js';
import { Rooms } from '../platform/realtime/rooms.js';
import { PresenceTables } from './presence-tables.queries.js';

const heartbeatMs = heartbeatSeconds * 1_000;
/** Who comes back within this time was not away: a page that is loaded again, a network that changes. */
const graceMs = 10_000;
/** Time in which changes are gathered into one statement. */
const gatherMs = 50;
const pollMs = 1_000;
/** Users per statement. */
const slice = 1_000;

/**
 * Writes down who has sockets at this process. When it ends, nothing is deleted: who connects to another process was not
 * away, and the rows of others are deleted by any process, half a minute later.
 */
@Injectable()
export class PresenceRegister implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Presence');
  private readonly processId = randomUUID();
  private readonly loop: Loop;
  private beatAt = -Infinity;
  /** Users to be written, each with whether watchers may see a difference. */
  private changed = new Map<string, boolean>();
  private left = new Set<string>();
  /** Users without a socket, for some seconds more. */
  private readonly leaving = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly tables: PresenceTables,
    private readonly rooms: Rooms,
    private readonly bus: Bus,
  ) {
    const warn = (error: unknown) => this.logger.warn({ err: error }, 'could not write who is there, will try again');
    this.loop = new Loop(() => this.round(), warn, { pollMs, gatherMs });
    const activity = (userId: string) => this.change(userId, false);
    rooms.watch('user', { first: (userId) => this.come(userId), last: (userId) => this.leave(userId) });
    rooms.watch('foreground', { first: activity, last: activity });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const timer of this.leaving.values()) clearTimeout(timer);
    await this.loop.stop();
  }

  private come(userId: string): void {
    const wasLeaving = this.leaving.has(userId);
    clearTimeout(this.leaving.get(userId));
    this.leaving.delete(userId);
    this.change(userId, !wasLeaving);
  }

  private leave(userId: string): void {
    if (this.loop.isStopping) return;
    const gone = () => {
      this.leaving.delete(userId);
      this.change(userId, true);
    };
    this.leaving.set(userId, setTimeout(gone, graceMs).unref());
    this.left.add(userId);
    this.change(userId, false);
  }

  private change(userId: string, isSeen: boolean): void {
    this.changed.set(userId, isSeen || this.changed.get(userId) === true);
    this.loop.wake();
  }

  private async round(): Promise<void> {
    if (performance.now() - this.beatAt >= heartbeatMs) {
      await this.beat();
      this.beatAt = performance.now();
    }
    const [changed, left] = [this.changed, this.left];
    [this.changed, this.left] = [new Map(), new Set()];
    const userIds = [...changed.keys()];
    try {
      for (let i = 0; i < userIds.length; i += slice) {
        const some = userIds.slice(i, i + slice);
        await this.tables.write(
          this.processId,
          some.map((userId) => this.stateOf(userId)),
          some.filter((userId) => left.has(userId)),
        );
      }
    } catch (error) {
      for (const [userId, isSeen] of changed) this.change(userId, isSeen);
      for (const userId of left) this.left.add(userId);
      throw error;
    }
    this.tell(userIds.filter((userId) => changed.get(userId)));
  }

  private async beat(): Promise<void> {
    if (!(await this.tables.beat(this.processId))) {
      // New; or PostgreSQL has crashed; or this process was taken for dead.
      await this.tables.register(this.processId);
      for (const userId of [...this.rooms.all('user'), ...this.leaving.keys()]) this.changed.set(userId, true);
    }
    this.tell(await this.tables.bury());
  }

  private stateOf(userId: string) {
    const isHere = this.rooms.has('user', userId);
    return { userId, isHere: isHere || this.leaving.has(userId), inForeground: this.rooms.has('foreground', userId) };
  }

  private tell(userIds: string[]): void {
    for (const packed of packedChunks(userIds)) this.bus.publish('presence', packed);
  }
}
