import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Bus } from '../platform/bus/bus.js';
import { unpackIds } from '../platform/bus/packed-ids.js';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { amounts } from '../platform/limits/amounts.js';
import { Loop } from '../platform/loop.js';
import type { Caller } from '../platform/realtime/on-command.js';
import { Rooms } from '../platform/realtime/rooms.js';
import { Tail } from '../platform/realtime/tail.js';
import { PresenceQueries, type Known, type Pair, type Seen } from './presence.queries.js';
import type { PresenceAnswer } from './presence.schemas.js';

const gatherMs = 200;
/** After an error. */
const pollMs = 1_000;
/** Pairs of users per statement. */
const slice = 2_000;

interface Due {
  watched: Set<string>;
  /** They may know something else of whomever they watch. */
  watching: Set<string>;
}
interface Told {
  username: string;
  /** What was said of them. */
  state: string;
}

/**
 * Tells sockets about the users whom they watch. Watching is an interest only: who may know what is asked each time
 * that something is told.
 */
@Injectable()
export class PresenceService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Presence');
  private readonly loop: Loop;
  /** By watched user and socket: what was told last. */
  private readonly told = new Map<string, Map<string, Told>>();
  /** Users to look at again. */
  private due: Due = { watched: new Set(), watching: new Set() };

  constructor(
    private readonly queries: PresenceQueries,
    private readonly rooms: Rooms,
    bus: Bus,
    tail: Tail,
  ) {
    const warn = (error: unknown) => this.logger.warn({ err: error }, 'could not read who is there, will try again');
    this.loop = new Loop(() => this.tellDue(), warn, { pollMs, gatherMs });
    rooms.watch('presence', {
      left: (userId, socketId) => this.told.get(userId)?.delete(socketId),
      last: (userId) => this.told.delete(userId),
    });
    bus.subscribe('presence', (packed) => this.look(packed === null ? this.told.keys() : unpackIds(packed)));
    // Of a disabled or closed account nobody knows anything, however long its sockets take to close.
    bus.subscribe('dirty', (dirty) => this.look(unpackIds(dirty?.owners ?? '')));
    // Both of the two are named. All the others who watch one of them have nothing to do with it.
    tail.watch('~relations', (userIds) => this.lookOf(userIds));
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.loop.stop();
  }

  /** @throws {Problem} `user_not_found` for who may not see the profile */
  async of({ id: viewerId }: Viewer, username: string): Promise<PresenceAnswer> {
    const userId = username === 'me' ? viewerId : await this.queries.one(viewerId, username);
    const [seen] = userId === undefined ? [] : await this.seen([{ viewerId, userId }]);
    if (!seen) throw new Problem('user_not_found');
    return answerOf(seen);
  }

  /**
   * @returns as many as were asked for, in their order
   * @throws {Problem} `limit_reached`
   */
  async watch({ viewer, socketId }: Caller, usernames: readonly string[]): Promise<PresenceAnswer[]> {
    const named = await this.queries.named(viewer.id, usernames);
    const { max } = amounts.watchedUsers;
    if (new Set([...this.rooms.of(socketId, 'presence'), ...named.values()]).size > max)
      throw new Problem('limit_reached', `A socket may watch at most ${max} users. Stop watching some.`);
    const pairs = [...named.values()].map((userId) => ({ viewerId: viewer.id, userId }));
    // First, so that what changes while it is read is told.
    for (const { userId } of pairs) this.rooms.join(socketId, 'presence', userId);
    const seen = await this.seen(pairs);
    for (const one of seen) this.isNews(socketId, one);
    // What changed between the read and now was compared with nothing: at what this user watches, and nobody else.
    this.lookOf([viewer.id]);
    const byId = new Map(seen.map((one) => [one.userId, one]));
    return usernames.map((username) => {
      const one = byId.get(named.get(username.toLowerCase()) ?? '');
      return one ? answerOf(one) : { username, online: null, lastSeenAt: null };
    });
  }

  async unwatch({ socketId }: Caller, usernames: readonly string[]): Promise<void> {
    for (const userId of await this.queries.ids(usernames)) this.rooms.leave(socketId, 'presence', userId);
  }

  /** At who watches these, and whom these watch. */
  private look(userIds: Iterable<string>): void {
    const all = [...userIds];
    for (const userId of all) if (this.rooms.has('presence', userId)) this.due.watched.add(userId);
    this.lookOf(all);
  }

  /** At whom these watch. */
  private lookOf(userIds: Iterable<string>): void {
    for (const userId of userIds) if (this.rooms.has('user', userId)) this.due.watching.add(userId);
    if (this.due.watched.size || this.due.watching.size) this.loop.wake();
  }

  private async tellDue(): Promise<void> {
    const due = this.due;
    this.due = { watched: new Set(), watching: new Set() };
    const pairs = this.pairsOf(due);
    try {
      for (let i = 0; i < pairs.length; i += slice)
        for (const known of await this.queries.known(pairs.slice(i, i + slice))) this.tell(known);
    } catch (error) {
      for (const userId of due.watched) this.due.watched.add(userId);
      for (const userId of due.watching) this.due.watching.add(userId);
      throw error;
    }
  }

  private pairsOf(due: Due): Pair[] {
    const pairs = new Map<string, Pair>();
    const add = (socketId: string, userId: string) => {
      const viewerId = this.rooms.userOf(socketId);
      if (viewerId !== undefined) pairs.set(`${viewerId} ${userId}`, { viewerId, userId });
    };
    for (const id of due.watched) for (const socketId of this.rooms.members('presence', id)) add(socketId, id);
    for (const id of due.watching)
      for (const socketId of this.rooms.members('user', id))
        for (const userId of this.rooms.of(socketId, 'presence')) add(socketId, userId);
    return [...pairs.values()];
  }

  private tell({ username, ...rest }: Known): void {
    for (const socketId of this.rooms.members('user', rest.viewerId)) {
      const told = this.told.get(rest.userId)?.get(socketId);
      // It is not watching, or not yet: `watch` answers, and looks again.
      if (!told) continue;
      const seen = { ...rest, username: username ?? told.username };
      if (this.isNews(socketId, seen)) this.rooms.tellSockets([socketId], 'presence.changed', answerOf(seen));
    }
  }

  private async seen(pairs: readonly Pair[]): Promise<Seen[]> {
    return (await this.queries.known(pairs)).flatMap(({ username, ...rest }) =>
      username === null ? [] : [{ ...rest, username }],
    );
  }

  /** Notes what a socket is told of whom it watches. @returns whether it is not what it was told before */
  private isNews(socketId: string, { userId, username, online, lastSeenAt }: Seen): boolean {
    if (!this.rooms.isIn(socketId, 'presence', userId)) return false;
    const told = this.told.get(userId) ?? new Map<string, Told>();
    this.told.set(userId, told);
    const state = `${online} ${lastSeenAt}`;
    if (told.get(socketId)?.state === state) return false;
    told.set(socketId, { username, state });
    return true;
  }
}

const answerOf = ({ username, online, lastSeenAt }: Seen): PresenceAnswer => ({ username, online, lastSeenAt });
