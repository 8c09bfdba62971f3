import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Browsers hide all other headers from pages, except a few (Fetch standard, "CORS-safelisted response-header name").
 */
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

/** How long a browser caches a preflight; Chromium's maximum. */
const maxAgeSeconds = 7_200;

/** Lets pages of other origins call the API. Credentials are headers, never cookies. */
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

/** Any other OPTIONS goes to its route: tus clients use it to discover what the server can do. */
const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
