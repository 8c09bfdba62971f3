import type { FastifyInstance } from 'fastify';
import type { Socket } from 'node:net';

/**
 * A connection on which nothing happens is closed after a while (`connectionTimeout`), unless the client has said all
 * and we have not answered: then the silence is ours, such as while a file waits for its inspection.
 */
export function waitForOurselves(server: FastifyInstance): void {
  server.addHook('onRequest', ({ raw }, reply, done) => {
    // With a listener Node leaves the decision to it.
    reply.raw.on('timeout', (socket: Socket) => {
      if (!raw.complete || reply.raw.headersSent) socket.destroy();
    });
    done();
  });
}
