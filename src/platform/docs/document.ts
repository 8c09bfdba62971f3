import type { FastifyInstance } from 'fastify';
import { sha256 } from '../secrets.js';
import { bytesBody, send, type Body } from '../http/send.js';

/** Serves a large document that is made once, when it is first asked for. */
export function serveDocument(server: FastifyInstance, path: string, make: () => object): void {
  let body: Body | undefined;
  server.get(path, async (request, reply) => {
    if (!body) {
      const text = JSON.stringify(make());
      const mimeType = 'application/json; charset=utf-8';
      body = bytesBody(Buffer.from(text), { tag: sha256(text), mimeType, modifiedAt: null, open: true, changes: true });
    }
    await send(reply, request, body);
    return reply;
  });
}
