import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { MediaAnswer } from '../media/media.schemas.js';
import { Bus, type Dirty } from '../platform/bus/bus.js';
import { unpackIds } from '../platform/bus/packed-ids.js';
import { Problem } from '../platform/http/problems.js';
import { amounts } from '../platform/limits/amounts.js';
import { Loop } from '../platform/loop.js';
import type { Caller } from '../platform/realtime/on-command.js';
import { Rooms } from '../platform/realtime/rooms.js';
import { Tail } from '../platform/realtime/tail.js';
import { LiveMediasQueries, type LiveMedia } from './live-medias.queries.js';

/** So a media is told twice a second at most. */
const gatherMs = 500;
/** After an error. */
const pollMs = 1_000;
/** Everything is read again, in case a message was lost, or something moved a counter without saying so. */
const readAllMs = 30_000;
/** Medias per statement. */
const slice = 1_000;

interface Watched {
  url: string;
  ownerId: string;
  /** The counts that were told last. */
  told: string;
  /** By socket: the state in which its user was allowed to watch. */
  admitted: Map<string, string>;
}

/** Tells sockets the counters of the medias that they watch, while who watches may see them. */
@Injectable()
export class LiveMediasService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Sockets');
  private readonly loop: Loop;
  private readonly watched = new Map<string, Watched>();
  private dirty = new Set<string>();
  private dirtyComments = new Set<string>();
  /** Users who perhaps may not see any more what they watch. */
  private dirtyUsers = new Set<string>();
  private readAllAt = performance.now();

  constructor(
    private readonly queries: LiveMediasQueries,
    private readonly rooms: Rooms,
    bus: Bus,
    tail: Tail,
  ) {
    const warn = (error: unknown) => this.logger.warn({ err: error }, 'could not read live counts, will try again');
    this.loop = new Loop(() => this.tellDirty(), warn, { pollMs, gatherMs });
    rooms.watch('media', {
      left: (id, socketId) => this.watched.get(id)?.admitted.delete(socketId),
      last: (id) => this.watched.delete(id),
    });
    bus.subscribe('dirty', (dirty) => this.mark(dirty));
    tail.watch('~relations', (userIds) => this.markUsers(userIds));
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.loop.stop();
  }

  /** @throws {Problem} `media_not_found`, `limit_reached` */
  async watch({ viewer, socketId }: Caller, url: string): Promise<MediaAnswer['counts']> {
    const found = await this.queries.seen(viewer.id, url);
    if (!found) throw new Problem('media_not_found');
    const { max } = amounts.watchedMedias;
    const already = this.rooms.of(socketId, 'media');
    if (!already.includes(found.id) && already.length >= max)
      throw new Problem('limit_reached', `A socket may watch at most ${max} medias. Stop watching one.`);
    this.rooms.join(socketId, 'media', found.id);
    // Again: what changed before this socket joined was not told to it.
    const media = await this.queries.seen(viewer.id, url);
    if (!media) {
      this.rooms.leave(socketId, 'media', found.id);
      throw new Problem('media_not_found');
    }
    if (!this.admit(socketId, media)) throw new Problem('media_not_found');
    return media.counts;
  }

  unwatch({ socketId }: Caller, url: string): void {
    const id = this.rooms.of(socketId, 'media').find((id) => this.watched.get(id)?.url === url);
    if (id !== undefined) this.rooms.leave(socketId, 'media', id);
  }

  /** @returns false if the socket was closed meanwhile, or its user blocked */
  private admit(socketId: string, { id, url, ownerId, state, counts }: LiveMedia): boolean {
    if (!this.rooms.isIn(socketId, 'media', id)) return false;
    const watched = this.watched.get(id) ?? { url, ownerId, told: JSON.stringify(counts), admitted: new Map() };
    watched.admitted.set(socketId, state);
    this.watched.set(id, watched);
    // What changed between the read and now was told to others only.
    this.dirty.add(id);
    this.loop.wake();
    return true;
  }

  private mark(dirty: Dirty | null): void {
    if (!this.watched.size) return;
    for (const id of dirty ? unpackIds(dirty.medias ?? '') : this.watched.keys())
      if (this.watched.has(id)) this.dirty.add(id);
    const owners = new Set(unpackIds(dirty?.owners ?? ''));
    if (owners.size) for (const [id, { ownerId }] of this.watched) if (owners.has(ownerId)) this.dirty.add(id);
    const pairs = unpackIds(dirty?.comments ?? '');
    for (let i = 0; i < pairs.length; i += 2) if (this.watched.has(pairs[i]!)) this.dirtyComments.add(pairs[i + 1]!);
    if (this.dirty.size || this.dirtyComments.size) this.loop.wake();
  }

  private markUsers(userIds: readonly string[]): void {
    for (const userId of userIds) if (this.rooms.has('user', userId)) this.dirtyUsers.add(userId);
    if (this.dirtyUsers.size) this.loop.wake();
  }

  private async tellDirty(): Promise<void> {
    if (performance.now() - this.readAllAt >= readAllMs) {
      this.readAllAt = performance.now();
      for (const id of this.watched.keys()) this.dirty.add(id);
    }
    const [userIds, ids, commentIds] = [[...this.dirtyUsers], [...this.dirty], [...this.dirtyComments]];
    [this.dirtyUsers, this.dirty, this.dirtyComments] = [new Set(), new Set(), new Set()];
    try {
      for (const userId of userIds) await this.checkUser(userId);
      for (let i = 0; i < ids.length; i += slice) await this.tellMedias(ids.slice(i, i + slice));
      for (let i = 0; i < commentIds.length; i += slice) await this.tellComments(commentIds.slice(i, i + slice));
    } catch (error) {
      for (const id of userIds) this.dirtyUsers.add(id);
      for (const id of ids) this.dirty.add(id);
      for (const id of commentIds) this.dirtyComments.add(id);
      throw error;
    }
  }

  private async checkUser(userId: string): Promise<void> {
    const watching = this.rooms
      .members('user', userId)
      .flatMap((socketId) => this.rooms.of(socketId, 'media').map((id) => ({ id, socketId })));
    if (!watching.length) return;
    const visible = await this.queries.visible(userId, [...new Set(watching.map(({ id }) => id))]);
    for (const { id, socketId } of watching) if (!visible.has(id)) this.end(id, [socketId]);
  }

  private async tellMedias(ids: string[]): Promise<void> {
    const medias = new Map((await this.queries.medias(ids)).map((media) => [media.id, media]));
    for (const id of ids) {
      const watched = this.watched.get(id);
      if (!watched) continue;
      const media = medias.get(id);
      const ended = [...watched.admitted].filter(([, state]) => state !== media?.state);
      this.end(
        id,
        ended.map(([socketId]) => socketId),
      );
      const counts = JSON.stringify(media?.counts);
      if (!media || counts === watched.told) continue;
      watched.told = counts;
      this.rooms.tellSockets([...watched.admitted.keys()], 'media.counts', { url: media.url, counts: media.counts });
    }
  }

  private async tellComments(ids: string[]): Promise<void> {
    for (const { mediaId, ...comment } of await this.queries.comments(ids))
      this.rooms.tell('media', [mediaId], 'comment.counts', comment);
  }

  /** These sockets do not watch the media any more. */
  private end(id: string, socketIds: string[]): void {
    const watched = this.watched.get(id);
    for (const socketId of socketIds) this.rooms.leave(socketId, 'media', id);
    if (watched) this.rooms.tellSockets(socketIds, 'media.gone', { url: watched.url });
  }
}
