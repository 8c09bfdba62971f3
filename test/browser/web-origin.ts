import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

const require = createRequire(import.meta.url);
const scripts: Record<string, string> = {
  '/hls.js': require.resolve('hls.js/dist/hls.min.js'),
  '/tus.js': require.resolve('tus-js-client/dist/tus.min.js'),
};
const page = `<!doctype html><meta charset="utf-8"><title>Web client</title><link rel="icon" href="data:,">
<video muted playsinline></video><script src="/hls.js"></script><script src="/tus.js"></script>`;

/**
 * A web client at its own origin. A real server: pages fulfilled by Playwright bypass the HTTP cache, which some CORS
 * faults need.
 */
export async function serveWebOrigin() {
  const server = createServer((request, response) => {
    const script = scripts[request.url ?? ''];
    if (!script) return response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    void readFile(script).then((bytes) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
