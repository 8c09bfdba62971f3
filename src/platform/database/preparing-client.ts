import pg from 'pg';
import { PlannedQuery, type Done } from './planned-query.js';
import { Plans } from './plans.js';

/** Of this process, over all of its connections. */
export const plans = new Plans();

/**
 * Prepares the statements that have parameters and are asked often, once per connection: planning one of our larger reads
 * takes longer than running it. Values never stand in these texts, so there are as many as there are places in the code.
 */
export class PreparingClient extends pg.Client {
  // The ways of calling it are pg's; ours is the one that `sql` and Kysely use.
  override query(...args: unknown[]): never {
    const [text, values, done] = args;
    if (typeof text !== 'string' || !Array.isArray(values) || !values.length) return this.ask(...args);
    if (done) return this.prepared(text, values, done as Done);
    return new Promise((resolve, reject) => {
      this.prepared(text, values, (error, result) => (error ? reject(error) : resolve(result)));
    }) as never;
  }

  private prepared(text: string, values: unknown[], done: Done): never {
    const name = plans.nameOf(text);
    if (!name) return this.ask(text, values, done);
    const settle: Done = (error, result) => {
      if (!error || !isPlanLost(error)) return done(error, result);
      plans.forget(text);
      // In a transaction nothing can be asked any more; a statement alone changed nothing, and is asked again.
      if (this.getTransactionStatus() === 'I') return this.ask(text, values, done);
      done(error, result);
    };
    return this.ask(new PlannedQuery({ name, text, values }, plans, settle));
  }

  private ask(...args: unknown[]): never {
    return (super.query as (...all: unknown[]) => never)(...args);
  }
}

/** Its result would have other columns than when it was prepared (0A000), or the connection does not know it (26000). */
const isPlanLost = ({ code, message }: Error & { code?: string }) =>
  code === '26000' || (code === '0A000' && message.includes('cached plan'));
