import {
  applyDecorators,
  Global,
  Injectable,
  mixin,
  Module,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemAnswers } from '../http/route.js';
import { RateLimiter } from './rate-limiter.service.js';
import { rateLimits, type RateLimitName } from './rate-limits.js';

/**
 * Limits how often a route may be called (rate-limits.ts); its answers carry what is left.
 * @param isCounted for routes of which only some requests are expensive
 */
export const Limited = (name: RateLimitName, isCounted: IsCounted = () => true) =>
  applyDecorators(UseGuards(guardOf(name, isCounted)), problemAnswers(['too_many_requests']));

/** Gets the request before validation. */
type IsCounted = (request: FastifyRequest) => boolean;

function guardOf(name: RateLimitName, isCounted: IsCounted) {
  @Injectable()
  class RateLimitGuard implements CanActivate {
    constructor(private readonly limiter: RateLimiter) {}

    async canActivate(context: ExecutionContext): Promise<boolean> {
      const http = context.switchToHttp();
      const request = http.getRequest<FastifyRequest>();
      if (!isCounted(request)) return true;
      const { user, ip } = request;
      const key = rateLimits[name].by === 'user' && user ? user.id : networkOf(ip);
      const headers = await this.limiter.consume(name, key);
      if (headers) http.getResponse<FastifyReply>().headers(headers);
      return true;
    }
  }
  return mixin(RateLimitGuard);
}

/** One customer of a provider has at least a /64 of IPv6 (RFC 6177), so a /64 counts as one address. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  const [head = '', tail] = address.toLowerCase().split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
  return `${all.slice(0, 4).join(':')}::/64`;
}

@Global()
@Module({ providers: [RateLimiter], exports: [RateLimiter] })
export class LimitsModule {}
