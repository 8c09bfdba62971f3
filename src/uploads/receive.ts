import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Problem } from '../platform/http/problems.js';

/** A client that sends nothing for so long is gone, whatever its socket says. */
const silenceMs = 60_000;

export interface Received {
  bytes: number;
  /** hex */
  sha256: string;
}

/**
 * Streams to a new file, counting and hashing on the way. Never more than one chunk in memory.
 * @param maxBytes the stream is cut at the first byte beyond
 * @param onTooMuch makes the error for that
 */
export async function receive(
  stream: Readable,
  path: string,
  maxBytes: number,
  onTooMuch: () => Error,
): Promise<Received> {
  const hash = createHash('sha256');
  let bytes = 0;
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMs);
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      timer.refresh();
      bytes += chunk.length;
      if (bytes > maxBytes) return done(onTooMuch());
      hash.update(chunk);
      done(null, chunk);
    },
  });
  let broken: Error | null = stream.errored;
  stream.once('error', (error: Error) => (broken = error));
  try {
    // It may have ended badly while we were asking for room: then nothing would ever come of waiting for it.
    if (stream.destroyed) throw (broken ??= new Error('The body was gone before it was read'));
    await pipeline(stream, meter, createWriteStream(path, { flags: 'wx' }), { signal: silence.signal });
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (silence.signal.aborted) throw new Problem('request_timeout', `Nothing came for ${silenceMs / 1_000} seconds.`);
    throw broken === error ? brokenBody(error) : error;
  } finally {
    clearTimeout(timer);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** The client's fault: cut off, or not well-formed. */
export const brokenBody = (cause: unknown): Problem =>
  new Problem('malformed_request', { detail: 'The body broke off, or its parts are not well-formed.', cause });

/** Hash of a file that is whole already. One buffer for all of it: large files leave no garbage behind. */
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
