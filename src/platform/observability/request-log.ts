import type { FastifyInstance } from 'fastify';
import type { LoggerService } from '@nestjs/common';
import { httpSeconds } from './metrics.js';

/** Decodes what the router decodes: `%74` is `t` (RFC 3986, 6.2.2.2). */
const plain = (url: string): string =>
  url.replace(/%[2-7][\da-f]/gi, (escape) => {
    const character = decodeURIComponent(escape);
    return /[\w.~-]/.test(character) ? character : escape;
  });

/** Signed addresses give access to private bytes, and codes in paths prove a mailbox: neither may be logged. */
export const withoutSecrets = (url: string): string =>
  harmless.test(url)
    ? url
    : plain(url)
        .replace(/([?&]t=)[^&]*/g, '$1…')
        .replace(/(\/verify\/)[^/?]+/, '$1…');

/** Fast path for most addresses. */
const harmless = /^\/api\/(?!users\/)[\w/-]*$/;

const quiet = new Set(['/livez', '/readyz']);

/** One log line per request, whose id is in the answer; and its time among the metrics. */
export function logRequests(server: FastifyInstance, logger: LoggerService): void {
  server.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    done();
    const { id, method, url } = request;
    const route = request.routeOptions.url ?? 'none';
    httpSeconds.observe({ method, route, status: reply.statusCode }, reply.elapsedTime / 1_000);
    if (quiet.has(url)) return;
    const ms = Math.round(reply.elapsedTime);
    logger.log({ reqId: id, method, url: withoutSecrets(url), status: reply.statusCode, ms }, 'request');
  });
}
