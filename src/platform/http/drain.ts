import type { FastifyInstance } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { spent } from '../spent-buffers.js';

/** What we read of a body that was refused, and for how long, so that its client gets to hear so and can go on. */
const maxBytes = 32 * 1024 * 1024;
const maxMs = 30_000;

/**
 * A handler that answers before it has read the whole body leaves the rest in the socket, and the next request on the
 * same connection would wait behind it for ever. The rest is thrown away; where there is too much of it, or it
 * comes too slowly, the connection.
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
