import pg from 'pg';
import { PlannedQuery, type Done } from './planned-query.js';

/** Texts of one process. What is asked for beyond them, each time in other words, is planned anew each time. */
const most = 400;
const names = new Map<string, string>();

/** @returns the name under which a connection keeps the plan; undefined for what is not worth one */
function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known) return known;
  if (names.size === most) return undefined;
  const name = `v${names.size}`;
  names.set(text, name);
  return name;
}

/**
 * Prepares every statement that has parameters, once per connection: planning one of our larger reads takes longer than
 * running it. Values never stand in these texts, so there are as many as there are places in the code.
 */
export class PreparingClient extends pg.Client {
  // The ways of calling it are pg's; ours is the one that `sql` and Kysely use.
  override query(...args: unknown[]): never {
    const [text, values, done] = args;
    const name = typeof text === 'string' && Array.isArray(values) && values.length ? nameOf(text) : undefined;
    if (!name) return this.ask(...args);
    const config = { name, text: text as string, values: values as unknown[] };
    if (done) return this.ask(new PlannedQuery(config, undefined, done as Done));
    return new Promise((resolve, reject) => {
      this.ask(new PlannedQuery(config, undefined, (error, result) => (error ? reject(error) : resolve(result))));
    }) as never;
  }

  private ask(...args: unknown[]): never {
    return (super.query as (...all: unknown[]) => never)(...args);
  }
}
