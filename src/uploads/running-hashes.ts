import { createHash, type Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { spent } from '../platform/spent-buffers.js';
import { tapped } from './tapped.js';

/** Beyond this number of uploads the oldest hash is dropped. */
const maxRunning = 1_000;

interface Running {
  hash: Hash;
  bytes: number;
}

/**
 * SHA-256 of uploads while this process receives them, so that a complete one need not be read again. Only an
 * optimisation: interrupted uploads, or those received by another process, have no entry.
 */
export class RunningHashes {
  private readonly running = new Map<string, Running>();

  /** Lets `write` store the body, and hashes it if it continues where this process left off. */
  async follow(
    id: string,
    offset: number,
    body: Readable,
    write: (stream: Readable) => Promise<number>,
  ): Promise<number> {
    const running = offset === 0 ? { hash: createHash('sha256'), bytes: 0 } : this.running.get(id);
    this.forget(id); // Until the write succeeds: a refused chunk is truncated, and may come again through another process.
    if (running?.bytes !== offset) return write(body);
    const hashed = tapped(body, (chunk) => {
      running.bytes += chunk.length;
      spent(chunk.length);
      running.hash.update(chunk);
    });
    const next = await write(hashed);
    if (next === running.bytes) this.remember(id, running);
    return next;
  }

  /** Hex digest if all bytes came through here. Removes the entry. */
  take(id: string, bytes: number): string | undefined {
    const running = this.running.get(id);
    this.forget(id);
    return running?.bytes === bytes ? running.hash.digest('hex') : undefined;
  }

  forget(id: string): void {
    this.running.delete(id);
  }

  private remember(id: string, running: Running): void {
    this.running.set(id, running);
    const [oldest] = this.running.keys();
    if (this.running.size > maxRunning) this.forget(oldest!);
  }
}
