import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Browsers hide all other headers from pages, but for a few (Fetch standard, "CORS-safelisted response-header name"). */
export const exposedHeaders = [
  'Accept-Ranges',
  'Allow',
  'Content-Disposition',
  'Content-Range',
  'ETag',
  'Idempotent-Replayed',
  'Location',
  'RateLimit-Limit',
  'RateLimit-Policy',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'Tus-Checksum-Algorithm',
  'Tus-Extension',
  'Tus-Max-Size',
  'Tus-Resumable',
  'Tus-Version',
  'Upload-Expires',
  'Upload-Length',
  'Upload-Metadata',
  'Upload-Offset',
  'Vitrine-File',
  'X-Request-Id',
];

/** How long a browser remembers a preflight; Chromium takes no longer one. */
const maxAgeSeconds = 7_200;

/** Lets pages of other origins call the API. They sign their requests by header, so cookies have no part in it. */
export function allowOrigins(server: FastifyInstance, origins: readonly string[]): void {
  if (!origins.length) return;
  const options: FastifyCorsOptions = {
    origin: [...origins],
    methods,
    exposedHeaders,
    maxAge: maxAgeSeconds,
  };
  void server.register(cors, {
    delegator: (request, done) => done(null, { ...options, preflight: isPreflight(request) }),
  });
}

/** Any other OPTIONS is for its route: tus clients ask so what the server can do. */
const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
