import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Where somebody signs in from, as shown in their list of sessions. */
export interface Device {
  /** The client's User-Agent. */
  device: string;
  address: string;
}

export const FromDevice = createParamDecorator((_: unknown, context: ExecutionContext): Device => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return { device: request.headers['user-agent'] ?? '', address: request.ip };
});
