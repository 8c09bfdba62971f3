import type { FastifyInstance } from 'fastify';
import { jsonShapeFault } from './json-shape.js';
import { Problem } from './problems.js';

const otherCharset = /;\s*charset\s*=(?!\s*"?utf-?8"?\s*(?:;|$))/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * JSON without tricks: `__proto__` is refused, nesting and number of values are bounded, and what is no UTF-8 (RFC 8259, 8.1) rather than read as something else.
 * No body at all is none, also where a client said that it would be JSON.
 */
export function acceptJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (otherCharset.test(request.headers['content-type'] ?? ''))
      return done(new Problem('unsupported_media_type', 'JSON is UTF-8.'));
    const text = decoded(body as Buffer);
    if (text === null) done(new Problem('malformed_request', 'The body is no UTF-8.'));
    else if (text === '') done(null, undefined);
    else
      parse(request, text, (error, value) => {
        const fault = error ? null : jsonShapeFault(value);
        if (fault) done(new Problem('malformed_request', fault));
        else done(error, value);
      });
  });
}

/** @returns null for what is no UTF-8 */
function decoded(body: Buffer): string | null {
  try {
    return utf8.decode(body);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return null;
  }
}
