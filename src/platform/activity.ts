import type { MikroORM } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { FastifyInstance } from 'fastify';
import { AsyncLocalStorage } from 'node:async_hooks';

/** What the log lines of one request or job bear. */
type Names = Readonly<Record<string, string | undefined>>;

const activities = new AsyncLocalStorage<Activity>();

/** One request, job or command: an entity manager that nobody else has, and what its log lines say of it. */
export class Activity {
  private forked: EntityManager | undefined;

  private constructor(
    private readonly orm: MikroORM,
    private readonly names: Names,
  ) {}

  static run<T>(orm: MikroORM, names: Names, work: () => T): T {
    return activities.run(new Activity(orm, names), work);
  }

  static names(): Names {
    return { ...activities.getStore()?.names };
  }

  /** Made when it is asked for, which reads never do. */
  static entityManager(): EntityManager | undefined {
    const activity = activities.getStore();
    if (!activity) return undefined;
    // Forking asks for the present one as well, and would be answered by itself.
    activity.forked ??= activities.exit(() => activity.orm.em.fork({ useContext: true })) as EntityManager;
    return activity.forked;
  }
}

/** Not as middleware: that costs a request more than all our hooks together. */
export function beginActivities(server: FastifyInstance, orm: MikroORM): void {
  server.addHook('onRequest', ({ id }, _reply, done) => Activity.run(orm, { reqId: id }, done));
}
