import { EntityManager } from '@mikro-orm/postgresql';
import {
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { IdempotencyKeys } from './idempotency-keys.service.js';
import { Problem } from './problems.js';

@Injectable()
class RepeatableDeleteInterceptor implements NestInterceptor {
  constructor(
    private readonly em: EntityManager,
    private readonly keys: IdempotencyKeys,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { user, url } = context.switchToHttp().getRequest<FastifyRequest & { user: { id: string } }>();
    const path = url.split('?')[0]!;
    // Contains a space, which no Idempotency-Key does.
    const named = this.keys.named(user.id, 'DELETE', path);
    const remembered = { ...named, key: `DELETE ${named.requestHash}` };
    const work = async () => {
      const { claimed } = await this.keys.claim(remembered);
      try {
        await lastValueFrom(next.handle());
      } catch (error) {
        if (claimed || !isGone(error)) throw error;
      }
    };
    return from(this.em.transactional(work));
  }
}

const isGone = (error: unknown): boolean => error instanceof Problem && error.getStatus() === 404;

/**
 * Answers a repeated DELETE with 204 again, for whoever deleted the thing within the last 24 hours. What never existed,
 * or can't be seen, stays 404. Both commit together, and a parallel DELETE waits for the first one.
 */
export const RepeatableDelete = () => UseInterceptors(RepeatableDeleteInterceptor);
