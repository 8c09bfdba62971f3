import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { answerDefaults } from '../http/answer-headers.js';
import type { Health } from './health.js';
import { registry } from './metrics.js';

interface Served {
  health: Health;
  /** Before metrics are told. */
  measure?: () => Promise<void>;
}

/**
 * `/livez`, `/readyz` and `/metrics` on a port of their own, for the network of the operator: metrics tell how much the
 * service is used.
 * @param port 0 for any free one
 */
export async function serveHealth(served: Served, host: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = routes[request.url ?? ''];
    if (answer) void answer(served, response);
    else sendJson(response, 404, { status: 404 });
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

const sendJson = (response: ServerResponse, status: number, body: object) =>
  response.writeHead(status, { ...answerDefaults, 'content-type': 'application/json' }).end(JSON.stringify(body));

const routes: Record<string, (served: Served, response: ServerResponse) => unknown> = {
  '/livez': (_, response) => sendJson(response, 200, { status: 'ok' }),
  '/readyz': async ({ health }, response) => {
    const troubles = await health.troubles();
    if (troubles.length) sendJson(response, 503, { status: 'unavailable', troubles });
    else sendJson(response, 200, { status: 'ok' });
  },
  '/metrics': async ({ measure }, response) => {
    await measure?.();
    const text = await registry.metrics();
    response.writeHead(200, { ...answerDefaults, 'content-type': registry.contentType }).end(text);
  },
};
