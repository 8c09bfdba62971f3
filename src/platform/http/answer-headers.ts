import type { FastifyInstance } from 'fastify';

/**
 * Default headers: an answer is for this caller alone, and its type must not be guessed. `Vary` names what an answer
 * depends on (RFC 9110, 12.5.5), for caches that store it in spite of `no-store`. No page of ours is shown in a frame: one
 * keeps the key of whoever tries the API, others have a form. Bytes have a policy of their own (send.ts).
 */
export const answerDefaults = {
  'cache-control': 'private, no-store',
  vary: 'Origin, Authorization, X-API-KEY',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "frame-ancestors 'none'",
} as const;

/** Before every other hook, so that answers sent by those have the headers, too. */
export function setAnswerDefaults(server: FastifyInstance): void {
  server.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(answerDefaults);
    done();
  });
}

/**
 * `Vary` of answers that are the same for everybody. `Origin` even where no CORS headers are sent: a browser must not
 * reuse the answer to a plain `<img>` for an `<img crossorigin>`.
 * @param more what else it depends on, as `Accept`
 */
export const varyOfPublic = (...more: string[]): string => ['Origin', ...more].join(', ');
