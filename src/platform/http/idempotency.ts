import { EntityManager } from '@mikro-orm/postgresql';
import {
  applyDecorators,
  Injectable,
  mixin,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { Problem } from './problems.js';

interface Remembered {
  request_hash: string;
  status: number | null;
  body: unknown;
}

/**
 * Makes a create repeatable: the same `Idempotency-Key` with the same body answers what the first one answered
 * (draft-ietf-httpapi-idempotency-key-header). Key and creation commit together, so no crash can part them; a
 * parallel request with the same key waits for the first one's commit. Refusals are not remembered.
 * @param status what the route answers when it succeeds
 */
export const Idempotent = (status: number) =>
  applyDecorators(
    UseInterceptors(idempotency(status)),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'Repeat a request with the same key, and it is done once. Kept for 24 hours.',
      schema: { type: 'string', maxLength: 255 },
    }),
  );

function idempotency(status: number) {
  @Injectable()
  class IdempotencyInterceptor implements NestInterceptor {
    constructor(private readonly em: EntityManager) {}

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      const http = context.switchToHttp();
      const request = http.getRequest<FastifyRequest & { user?: { id: string } }>();
      const key = request.headers['idempotency-key'];
      if (typeof key !== 'string' || !request.user) return next.handle();
      if (!/^[\x21-\x7e]{1,255}$/.test(key))
        throw new Problem('malformed_request', 'Idempotency-Key: 1 to 255 printable ASCII characters.');
      const owner = [request.user.id, key] as const;
      return from(
        this.once(owner, hashOf(request), http.getResponse<FastifyReply>(), () => lastValueFrom(next.handle())),
      );
    }

    private once(
      owner: readonly [string, string],
      hash: string,
      reply: FastifyReply,
      handle: () => Promise<unknown>,
    ): Promise<unknown> {
      return this.em.transactional(async (em) => {
        const [mine] = await em.execute<unknown[]>(
          'insert into idempotency_keys (user_id, key, request_hash) values (?, ?, ?) on conflict do nothing returning key',
          [...owner, hash],
        );
        if (!mine) {
          const [first] = await em.execute<Remembered[]>(
            'select request_hash, status, body from idempotency_keys where user_id = ? and key = ?',
            [...owner],
          );
          if (first?.request_hash !== hash) throw new Problem('idempotency_mismatch');
          void reply.header('idempotent-replayed', 'true');
          return first.body;
        }
        const body = await handle();
        await em.execute('update idempotency_keys set status = ?, body = ? where user_id = ? and key = ?', [
          status,
          JSON.stringify(body),
          ...owner,
        ]);
        return body;
      });
    }
  }
  return mixin(IdempotencyInterceptor);
}

const hashOf = (request: FastifyRequest): string =>
  createHash('sha256')
    .update(`${request.method} ${request.url}\n${JSON.stringify(request.body)}`)
    .digest('hex');
