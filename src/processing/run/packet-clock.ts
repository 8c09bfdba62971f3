import { ProcessingFailure } from './failure.js';

/** Of one stream. TrueHD has 1,200, Opus at most 400, a film at most 240. */
const maxInSecond = 1_500;
/** While the clock stands still or starts over: as many as an hour of music has. */
const maxAtOnce = 200_000;

/**
 * Counts the packets of a stream beside its clock. A small file can have millions of packets at one time: a player shows
 * nothing of them, but each would be listed, decoded and encoded.
 */
export class PacketClock {
  private packets = 0;
  private first = Infinity;
  private last = -Infinity;

  /**
   * @param at ms, decoding or presentation; NaN if the packet has no time
   * @returns why nothing can play so many packets, or null
   */
  add(at: number): ProcessingFailure | null {
    this.packets += 1;
    if (at < this.first) this.first = at;
    if (at > this.last) this.last = at;
    const ms = Math.max(0, this.last - this.first);
    if (this.packets <= maxAtOnce + (ms / 1000) * maxInSecond) return null;
    return new ProcessingFailure('corrupt_input', `${this.packets} packets of a stream within ${Math.round(ms)} ms`);
  }
}
