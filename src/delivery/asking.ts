import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Viewer } from '../platform/http/viewer.js';

/** Who requests bytes: authenticated by a header, or by the signed token of an address. */
export interface Asking {
  viewer: Viewer | null;
  token: string | null;
  method: string;
  headers: FastifyRequest['headers'];
}

export const AskingFor = createParamDecorator((_: unknown, context: ExecutionContext): Asking => {
  const request = context.switchToHttp().getRequest<FastifyRequest<{ Querystring: { t?: unknown } }>>();
  const { t } = request.query;
  return {
    viewer: request.user ?? null,
    token: typeof t === 'string' ? t : null,
    method: request.method,
    headers: request.headers,
  };
});
