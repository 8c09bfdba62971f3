import type { FastifyInstance } from 'fastify';
import { sendProblem } from './problem.filter.js';
import { Problem } from './problems.js';

/** Enough for a megabyte of JSON over the worst of lines. */
const patienceMs = 30_000;

/** These are as long as they are; their readers see to it that they go on (uploads/receive.ts). */
const streamed = /^(multipart\/form-data|application\/offset\+octet-stream)/i;

/** A body that drips in byte by byte would hold its connection for ever. */
export function refuseSlowBodies(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    done();
    const { raw } = request;
    if (raw.method === 'GET' || raw.method === 'HEAD') return;
    if (raw.complete || streamed.test(request.headers['content-type'] ?? '')) return;
    const timer = setTimeout(() => {
      if (raw.complete || reply.sent) return;
      sendProblem(reply, request, new Problem('request_timeout', { headers: { connection: 'close' } }));
      reply.raw.once('finish', () => raw.destroy());
    }, patienceMs);
    reply.raw.once('close', () => clearTimeout(timer));
    raw.once('end', () => clearTimeout(timer));
  });
}
