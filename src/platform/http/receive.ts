import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { spent } from '../spent-buffers.js';
import { Problem } from './problems.js';

export interface Received {
  bytes: number;
  /** hex */
  sha256: string;
}

/**
 * Streams to a new file, counting and hashing. Never holds more than one chunk in memory.
 * @param maxBytes the stream fails at the first byte beyond
 * @param onTooMuch creates the error for that
 */
export async function receive(
  stream: Readable,
  path: string,
  maxBytes: number,
  onTooMuch: () => Problem,
): Promise<Received> {
  const hash = createHash('sha256');
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      spent(chunk.length);
      if (bytes > maxBytes) return done(onTooMuch());
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const file = createWriteStream(path, { flags: 'wx' });
  try {
    // It may have failed while the quota was checked: `pipeline` would wait for ever.
    if (stream.destroyed) throw stream.errored ?? new Error('The body ended before it was read');
    await pipeline(stream, meter, file);
  } catch (error) {
    file.destroy();
    // The file may still be about to be created: wait, or the caller would remove it too early.
    if (!file.closed) await once(file, 'close');
    if (error instanceof Problem) throw error;
    throw isOfFileSystem(error) ? writeProblem(error) : brokenBody(error);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * File errors name the failed system call; errors of an aborted body do not, even if `pipeline` reports them on the
 * file.
 */
const isOfFileSystem = (error: unknown): error is Error => error instanceof Error && 'syscall' in error;

/** A full disk is our fault, and may be temporary. */
export const writeProblem = (error: Error): Error =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
    ? new Problem('unavailable', { detail: 'The storage is full.', cause: error })
    : error;

/** The client's fault: aborted, or malformed. */
export const brokenBody = (cause: unknown): Problem =>
  new Problem('malformed_request', { detail: 'The body was cut off, or is malformed.', cause });

/** Hash of a complete file. One buffer for all of it: large files leave no garbage behind. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  const file = await open(path);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
