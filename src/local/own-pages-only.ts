import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

const ownHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/**
 * Whether a request comes from a page of this very server, or from no page at all. Host names of others that resolve to
 * this machine are refused (DNS rebinding).
 */
export function isFromOwnPage({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const { host = '', origin } = headers;
  if (!ownHost.test(host)) return false;
  if (origin !== undefined) return origin === `http://${host}`;
  const site = headers['sec-fetch-site'];
  // Links from elsewhere may open the page: the linking page can't read it.
  const isOpened = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return site === undefined || site === 'same-origin' || site === 'none' || isOpened;
}

/** Protects a local server whose own handlers trust every web page. Call it before the first request. */
export function admitOwnPagesOnly(server: Server): void {
  guard(server, 'request', (_request, response: ServerResponse) =>
    response.writeHead(403, { 'content-type': 'text/plain' }).end('Only pages of this server may do that.\n'),
  );
  guard(server, 'upgrade', (_request, socket: Duplex) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  server.prependListener('request', (_request, response: ServerResponse) => keepToOneself(response));
}

function guard<T>(
  server: Server,
  event: 'request' | 'upgrade',
  refuse: (request: IncomingMessage, to: T) => void,
): void {
  const handlers = server.listeners(event);
  server.removeAllListeners(event);
  server.on(event, (request: IncomingMessage, to: T, ...rest: unknown[]) => {
    if (!isFromOwnPage(request)) return refuse(request, to);
    for (const handler of handlers) handler.call(server, request, to, ...rest);
  });
}

/** Removes CORS headers of the handlers at the last moment, and forbids framing. */
function keepToOneself(response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  response.writeHead = (...args: unknown[]) => {
    for (const name of response.getHeaderNames()) if (name.startsWith('access-control-')) response.removeHeader(name);
    response.setHeader('x-frame-options', 'SAMEORIGIN');
    response.setHeader('cross-origin-resource-policy', 'same-origin');
    response.setHeader('x-content-type-options', 'nosniff');
    return writeHead(...args);
  };
}
