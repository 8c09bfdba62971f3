import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problems.js';

/**
 * Lets routes whose pattern matches take text as bytes, in whatever encoding it comes; everywhere else a body is JSON.
 * @param maxBytes a little more than the route takes, so that the route itself can say what its limit is
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
