import type { FastifyInstance } from 'fastify';

/**
 * What every answer says unless it says otherwise: it is for this caller alone, and its type is not to be guessed.
 * `Vary` is for caches that store it in spite of `no-store`, and names what an answer depends on (RFC 9110, 12.5.5).
 */
export const answerDefaults = {
  'cache-control': 'private, no-store',
  vary: 'Origin, Authorization, X-API-KEY',
  'x-content-type-options': 'nosniff',
} as const;

/** Before every other hook, so that the answers of those have the headers, too. */
export function setAnswerDefaults(server: FastifyInstance): void {
  server.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(answerDefaults);
    done();
  });
}

/**
 * `Vary` of what is the same for everybody. Also without CORS headers in it: a browser that stored the answer to a plain
 * `<img>` must not give it to an `<img crossorigin>`.
 * @param more what else it depends on, as `Accept`
 */
export const varyOfPublic = (...more: string[]): string => ['Origin', ...more].join(', ');
