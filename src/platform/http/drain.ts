import type { FastifyInstance } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { spent } from '../spent-buffers.js';

/**
 * How much of a refused body is read, and for how long, so that the client receives the answer and can keep the
 * connection.
 */
const maxBytes = 32 * 1024 * 1024;
const maxMs = 30_000;

/**
 * If a handler answers before it has read the whole body, the next request on the connection would wait behind the rest
 * for ever. The rest is discarded; if it is too large or too slow, the connection is closed.
 */
export function drainRefused(server: FastifyInstance): void {
  server.addHook('onResponse', ({ raw }, _reply, done) => {
    if (!raw.complete && !raw.destroyed) discardRest(raw);
    done();
  });
}

function discardRest(raw: IncomingMessage): void {
  let left = maxBytes;
  const timer = setTimeout(() => raw.destroy(), maxMs);
  raw.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer));
  raw.unpipe();
  raw.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    spent(chunk.length);
    if (left < 0) raw.destroy();
  });
  raw.resume();
}
