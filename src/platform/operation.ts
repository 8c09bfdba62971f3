import type { MikroORM } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { FastifyInstance } from 'fastify';
import { AsyncLocalStorage } from 'node:async_hooks';

/** Names on the log lines of one request or job. */
type Names = Readonly<Record<string, string | undefined>>;

const operations = new AsyncLocalStorage<Operation>();

/** One request, job or command: its own entity manager, and the names on its log lines. */
export class Operation {
  private forked: EntityManager | undefined;

  private constructor(
    private readonly orm: MikroORM,
    private readonly names: Names,
  ) {}

  static run<T>(orm: MikroORM, names: Names, work: () => T): T {
    return operations.run(new Operation(orm, names), work);
  }

  static names(): Names {
    return { ...operations.getStore()?.names };
  }

  /** Created on first use: reads never need one. */
  static entityManager(): EntityManager | undefined {
    const operation = operations.getStore();
    if (!operation) return undefined;
    // `fork` asks the ORM's `context` for the current entity manager, which is this method: leave the operation to avoid
    // recursion.
    operation.forked ??= operations.exit(() => operation.orm.em.fork({ useContext: true })) as EntityManager;
    return operation.forked;
  }
}

/** A hook, not middleware: middleware would cost a request more than all our hooks together. */
export function beginOperations(server: FastifyInstance, orm: MikroORM): void {
  server.addHook('onRequest', ({ id }, _reply, done) => Operation.run(orm, { reqId: id }, done));
}
