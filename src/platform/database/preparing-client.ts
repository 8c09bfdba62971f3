import pg from 'pg';
import { PlannedQuery, type Done } from './planned-query.js';
import { Plans } from './plans.js';

/** Shared by all connections of this process. */
export const plans = new Plans();

/**
 * Prepares frequent statements that have parameters, once per connection: planning one of our larger reads takes longer
 * than running it. Values are never part of the text, so the number of texts is bounded by the code.
 */
export class PreparingClient extends pg.Client {
  // pg has several call signatures; only the one that `sql` and Kysely use is prepared.
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
      // A transaction has failed by now; a single statement changed nothing and can be sent again.
      if (this.getTransactionStatus() === 'I') return this.ask(text, values, done);
      done(error, result);
    };
    return this.ask(new PlannedQuery({ name, text, values }, plans, settle));
  }

  private ask(...args: unknown[]): never {
    return (super.query as (...all: unknown[]) => never)(...args);
  }
}

/** Its columns differ from when it was prepared (0A000), or the connection does not know it (26000). */
const isPlanLost = ({ code, message }: Error & { code?: string }) =>
  code === '26000' || (code === '0A000' && message.includes('cached plan'));
