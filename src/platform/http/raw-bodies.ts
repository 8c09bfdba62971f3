import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { Problem } from './problems.js';

/**
 * Lets routes whose pattern matches accept text as raw bytes, whatever its encoding; everywhere else a body is JSON.
 * @param maxBytes slightly more than the route accepts, so that the route itself can name its limit
 */
export function acceptText(server: FastifyInstance, types: RegExp, routes: RegExp, maxBytes: number): void {
  server.addContentTypeParser(
    types,
    { parseAs: 'buffer', bodyLimit: maxBytes },
    async (request: FastifyRequest, body: Buffer) => {
      if (routes.test(request.routeOptions.url ?? '')) return body;
      throw new Problem('unsupported_media_type', 'Send JSON.');
    },
  );
}

/** Lets routes whose pattern matches read the body themselves, as a stream. They must bound it. */
export function acceptStream(server: FastifyInstance, types: RegExp, routes: RegExp): void {
  server.addContentTypeParser(types, async (request: FastifyRequest, body: Readable) => {
    if (routes.test(request.routeOptions.url ?? '')) return body;
    throw new Problem('unsupported_media_type', 'Send JSON.');
  });
}
