import type { FastifyInstance } from 'fastify';
import { jsonShapeFault } from './json-shape.js';
import { Problem } from './problems.js';

const otherCharset = /;\s*charset\s*=(?!\s*"?utf-?8"?\s*(?:;|$))/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Strict JSON: `__proto__` is refused, depth and number of values are bounded, and bytes that are not UTF-8 (RFC 8259,
 * 8.1) are refused instead of decoded otherwise. An empty body counts as none, whatever its declared type.
 */
export function acceptJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (otherCharset.test(request.headers['content-type'] ?? ''))
      return done(new Problem('unsupported_media_type', 'JSON must be UTF-8.'));
    const text = decoded(body as Buffer);
    if (text === null) done(new Problem('malformed_request', 'The body is not valid UTF-8.'));
    else if (text === '') done(null, undefined);
    else
      parse(request, text, (error, value) => {
        const fault = error ? null : jsonShapeFault(value);
        if (fault) done(new Problem('malformed_request', fault));
        else done(error, value);
      });
  });
}

/** @returns null for invalid UTF-8 */
function decoded(body: Buffer): string | null {
  try {
    return utf8.decode(body);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return null;
  }
}
