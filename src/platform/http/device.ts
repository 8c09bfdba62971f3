import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** From what somebody signs in, as their list of sessions tells it. */
export interface Device {
  /** The client's User-Agent. */
  device: string;
  address: string;
}

export const FromDevice = createParamDecorator((_: unknown, context: ExecutionContext): Device => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return { device: request.headers['user-agent'] ?? '', address: request.ip };
});
