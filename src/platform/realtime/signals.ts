import { Injectable } from '@nestjs/common';
import { Bus } from '../bus/bus.js';
import { maxPackedIds, packedChunks, packedIdLength } from '../bus/packed-ids.js';
import type { DescribedEvent } from '../docs/asyncapi.js';
import { ephemeralEvents, type EphemeralName, type PayloadOf } from './live-events.js';

/** Of a message's 7,900 bytes, those for ids and payload. */
const roomBytes = 7_600;
const maxPayloadBytes = 4_000;

/** All of them, for /asyncapi.json. */
export const describedSignals: readonly DescribedEvent[] = Object.entries(ephemeralEvents).map(
  ([name, { payload }]) => ({ name, payload, isLasting: false }),
);

/** Tells the sockets of users, on every process, what is not logged: now or never. From any process, after the commit. */
@Injectable()
export class Signals {
  constructor(private readonly bus: Bus) {}

  /**
   * @param userIds of any number; those without a socket are skipped
   * @throws {RangeError} for a payload of more than 4,000 bytes
   */
  tell<N extends EphemeralName>(userIds: readonly string[], name: N, payload: PayloadOf<N>): void {
    const parsed = ephemeralEvents[name].payload.parse(payload);
    const bytes = Buffer.byteLength(JSON.stringify(parsed));
    if (bytes > maxPayloadBytes) throw new RangeError(`${name} with a payload of ${bytes} bytes`);
    const size = Math.min(maxPackedIds, Math.floor((roomBytes - bytes) / packedIdLength));
    for (const to of packedChunks(userIds, size)) this.bus.publish('signal', { name, to, payload: parsed });
  }
}
