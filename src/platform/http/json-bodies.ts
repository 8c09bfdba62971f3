import type { FastifyInstance } from 'fastify';

/** JSON without tricks: `__proto__` is refused. No body at all is none, also where a client said that it would be JSON. */
export function acceptJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else parse(request, body as string, done);
  });
}
