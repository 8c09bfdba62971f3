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

/** Declares the header in OpenAPI. */
export const IdempotencyKeyHeader = () =>
  applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'A repeated request with the same key is done only once. Keys are kept for 24 hours.',
      schema: { type: 'string', maxLength: 255 },
    }),
    problemAnswers(['idempotency_mismatch']),
  );

/**
 * Makes a create repeatable: the same `Idempotency-Key` with the same body gets the first answer again. Refusals are
 * not stored.
 * @param status of the route's success
 */
export const Idempotent = (status: number) =>
  applyDecorators(UseInterceptors(repeatable(status, false)), IdempotencyKeyHeader());

/** The same for a route whose service calls `IdempotencyKeys.once` itself, after slow work such as hashing. */
export const IdempotentInService = (status: number) =>
  applyDecorators(UseInterceptors(repeatable(status, true)), IdempotencyKeyHeader());

function repeatable(status: number, isInService: boolean) {
  @Injectable()
  class IdempotencyInterceptor implements NestInterceptor {
    constructor(private readonly keys: IdempotencyKeys) {}

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      const http = context.switchToHttp();
      const { user, method, url, body, headers } = http.getRequest<Asking>();
      const key = idempotencyKeyOf(headers['idempotency-key']);
      if (key === null) return next.handle();
      const named = this.keys.named(user?.id, key, `${method} ${url}\n${JSON.stringify(body)}`);
      const onReplay = () => void http.getResponse<FastifyReply>().header('idempotent-replayed', 'true');
      const handle = () => lastValueFrom<unknown>(next.handle());
      return from(
        this.keys.during({ named, status, onReplay }, () => (isInService ? handle() : this.keys.once(handle))),
      );
    }
  }
  return mixin(IdempotencyInterceptor);
}

@Global()
@Module({ providers: [IdempotencyKeys], exports: [IdempotencyKeys] })
export class IdempotencyModule {}
