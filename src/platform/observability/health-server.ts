import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { answerDefaults } from '../http/answer-headers.js';
import type { Health } from './health.js';

/**
 * `/livez` and `/readyz` of a process without an API.
 * @param port 0 for any free one
 */
export async function serveHealth(health: Health, host: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { ...answerDefaults, 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.url === '/livez') return answer(200, { status: 'ok' });
    if (request.url !== '/readyz') return answer(404, { status: 404 });
    health.troubles().then(
      (troubles) =>
        answer(troubles.length ? 503 : 200, troubles.length ? { status: 'unavailable', troubles } : { status: 'ok' }),
      () => answer(503, { status: 'unavailable' }),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}
