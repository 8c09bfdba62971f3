import { EntityManager } from '@mikro-orm/postgresql';
import {
  applyDecorators,
  Global,
  Injectable,
  mixin,
  Module,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { IdempotencyKeys, idempotencyKeyOf } from './idempotency-keys.service.js';
import { problemAnswers } from './route.js';

type Asking = FastifyRequest & { user?: { id: string } };

/** The header, for OpenAPI. */
export const IdempotencyKeyHeader = () =>
  applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'Repeat a request with the same key, and it is done once. Kept for 24 hours.',
      schema: { type: 'string', maxLength: 255 },
    }),
    problemAnswers(['idempotency_mismatch']),
  );

/**
 * Makes a create repeatable: the same `Idempotency-Key` with the same body answers what the first one answered.
 * Refusals are not remembered.
 * @param status what the route answers when it succeeds
 */
export const Idempotent = (status: number) =>
  applyDecorators(UseInterceptors(repeatable(status)), IdempotencyKeyHeader());

function repeatable(status: number) {
  @Injectable()
  class IdempotencyInterceptor implements NestInterceptor {
    constructor(
      private readonly em: EntityManager,
      private readonly keys: IdempotencyKeys,
    ) {}

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      const http = context.switchToHttp();
      const { user, method, url, body, headers } = http.getRequest<Asking>();
      const key = idempotencyKeyOf(headers['idempotency-key']);
      if (key === null) return next.handle();
      const named = this.keys.named(user?.id, key, `${method} ${url}\n${JSON.stringify(body)}`);
      const work = async () => {
        const claim = await this.keys.claim(named);
        if (!claim.claimed) {
          void http.getResponse<FastifyReply>().header('idempotent-replayed', 'true');
          return claim.answer;
        }
        const answer: unknown = await lastValueFrom(next.handle());
        await this.keys.keep(named, status, answer);
        return answer;
      };
      return from(this.em.transactional(work));
    }
  }
  return mixin(IdempotencyInterceptor);
}

@Global()
@Module({ providers: [IdempotencyKeys], exports: [IdempotencyKeys] })
export class IdempotencyModule {}
