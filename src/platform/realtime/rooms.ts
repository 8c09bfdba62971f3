import { Injectable } from '@nestjs/common';
import type { Namespace, Server } from 'socket.io';
import type { EphemeralName, PayloadOf } from './live-events.js';
import { maxWaiting, packetsWaiting } from './waiting.js';

/** `user`: the sockets of one; `foreground`: those of them that are on a screen. `media`, `presence`: who watches one. */
export type RoomKind = 'user' | 'foreground' | 'media' | 'presence';

interface RoomWatcher {
  /** The room exists. */
  first?: (id: string) => void;
  left?: (id: string, socketId: string) => void;
  /** Nobody is in it any more. */
  last?: (id: string) => void;
}

const nameOf = (kind: RoomKind, id: string) => `${kind}:${id}`;
const userPrefix = nameOf('user', '');

/** The sockets of this process, by what they are told together. A room exists while somebody is in it. */
@Injectable()
export class Rooms {
  private namespace: Namespace | undefined;
  private readonly watchers = new Map<RoomKind, RoomWatcher>();
  /** By socket. */
  private readonly users = new Map<string, string>();

  attach(io: Server): void {
    this.namespace = io.of('/');
    const { adapter } = this.namespace;
    adapter.on('create-room', (room: string) => this.call(room, ({ first }, id) => first?.(id)));
    adapter.on('join-room', (room: string, socketId: string) => {
      if (room.startsWith(userPrefix)) this.users.set(socketId, room.slice(userPrefix.length));
    });
    adapter.on('leave-room', (room: string, socketId: string) => {
      if (room.startsWith(userPrefix)) this.users.delete(socketId);
      this.call(room, ({ left }, id) => left?.(id, socketId));
    });
    adapter.on('delete-room', (room: string) => this.call(room, ({ last }, id) => last?.(id)));
  }

  /** Before the process has sockets. One watcher for each kind. */
  watch(kind: RoomKind, watcher: RoomWatcher): void {
    this.watchers.set(kind, watcher);
  }

  /** Does nothing for a socket that is gone. */
  join(socketId: string, kind: RoomKind, id: string): void {
    void this.namespace?.sockets.get(socketId)?.join(nameOf(kind, id));
  }

  leave(socketId: string, kind: RoomKind, id: string): void {
    void this.namespace?.sockets.get(socketId)?.leave(nameOf(kind, id));
  }

  has(kind: RoomKind, id: string): boolean {
    return this.namespace?.adapter.rooms.has(nameOf(kind, id)) ?? false;
  }

  isIn(socketId: string, kind: RoomKind, id: string): boolean {
    return this.namespace?.adapter.rooms.get(nameOf(kind, id))?.has(socketId) ?? false;
  }

  /** @returns ids of sockets */
  members(kind: RoomKind, id: string): string[] {
    return [...(this.namespace?.adapter.rooms.get(nameOf(kind, id)) ?? [])];
  }

  /** @returns ids of the rooms that a socket is in */
  of(socketId: string, kind: RoomKind): string[] {
    const rooms = [...(this.namespace?.adapter.sids.get(socketId) ?? [])];
    return rooms.filter((room) => room.startsWith(`${kind}:`)).map((room) => room.slice(kind.length + 1));
  }

  /** The user of a socket; undefined if it is gone. */
  userOf(socketId: string): string | undefined {
    return this.users.get(socketId);
  }

  /** @returns ids of all rooms of a kind */
  all(kind: RoomKind): string[] {
    const rooms = [...(this.namespace?.adapter.rooms.keys() ?? [])];
    return rooms.filter((room) => room.startsWith(`${kind}:`)).map((room) => room.slice(kind.length + 1));
  }

  /** Each socket once, whichever of the rooms it is in. */
  tell<N extends EphemeralName>(kind: RoomKind, ids: readonly string[], name: N, payload: PayloadOf<N>): void {
    const slow = ids.flatMap((id) => this.members(kind, id)).filter((id) => !this.isReady(id));
    if (ids.length)
      this.namespace?.local
        .to(ids.map((id) => nameOf(kind, id)))
        .except(slow)
        .emit(name, payload);
  }

  tellSockets<N extends EphemeralName>(socketIds: readonly string[], name: N, payload: PayloadOf<N>): void {
    const ready = socketIds.filter((id) => this.isReady(id));
    // Each socket is in a room of its own id; a packet to several is encoded once.
    if (ready.length) this.namespace?.local.to(ready).emit(name, payload);
  }

  /** Nothing is kept for a socket whose network is behind. */
  private isReady(socketId: string): boolean {
    const socket = this.namespace?.sockets.get(socketId);
    return socket !== undefined && packetsWaiting(socket.conn) <= maxWaiting;
  }

  private call(room: string, call: (watcher: RoomWatcher, id: string) => void): void {
    const [kind, id] = room.split(':');
    const watcher = this.watchers.get(kind as RoomKind);
    if (watcher && id) call(watcher, id);
  }
}
