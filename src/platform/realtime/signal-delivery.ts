import { Injectable } from '@nestjs/common';
import { Bus, type Signal } from '../bus/bus.js';
import { unpackIds } from '../bus/packed-ids.js';
import { ephemeralEvents, type Ephemeral, type EphemeralName, type PayloadOf } from './live-events.js';
import { Rooms } from './rooms.js';

/** Hands signals to the sockets of this process. */
@Injectable()
export class SignalDelivery {
  /** Users who were told just now, by event, with what is told next. */
  private readonly resting = new Map<string, { next?: object }>();

  constructor(
    private readonly rooms: Rooms,
    bus: Bus,
  ) {
    bus.subscribe('signal', (signal) => this.deliver(signal));
  }

  private deliver({ name, to, payload }: Signal): void {
    // One that only a newer version knows is skipped.
    if (!Object.hasOwn(ephemeralEvents, name)) return;
    const here = unpackIds(to).filter((id) => this.rooms.has('user', id));
    const { everyMs }: Ephemeral = ephemeralEvents[name as EphemeralName];
    if (everyMs === undefined) this.tell(here, name, payload);
    else for (const userId of here) this.tellSometimes(userId, name, payload, everyMs);
  }

  private tellSometimes(userId: string, name: string, payload: object, everyMs: number): void {
    const key = `${name} ${userId}`;
    const resting = this.resting.get(key);
    if (resting) {
      resting.next = payload;
      return;
    }
    this.tell([userId], name, payload);
    this.resting.set(key, {});
    setTimeout(() => {
      const next = this.resting.get(key)?.next;
      this.resting.delete(key);
      if (next) this.tellSometimes(userId, name, next, everyMs);
    }, everyMs).unref();
  }

  private tell(userIds: string[], name: string, payload: object): void {
    this.rooms.tell('user', userIds, name as EphemeralName, payload as PayloadOf<EphemeralName>);
  }
}
