import pg from 'pg';

export interface Statement {
  text: string;
  values: unknown[];
}

/** What a process does whether or not there is a request. */
const background =
  /^\s*(notify|listen|select pg_notify|select realtime\.sequence|update realtime\.processes|insert into realtime\.processes)|delete from realtime\.processes|from realtime\.log (where gid >|order by gid)/;

/** Every statement that this process sends to PostgreSQL while `work` runs, on its behalf. */
export async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const found: Statement[] = [];
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [first, second] = args as [string | { text: string; values?: unknown[] }, unknown];
    const { text, values } = typeof first === 'string' ? { text: first, values: second } : first;
    if (text && !background.test(text)) found.push({ text, values: Array.isArray(values) ? values : [] });
    return (query as (...all: unknown[]) => unknown).apply(this, args);
  } as typeof query;
  try {
    await work();
  } finally {
    pg.Client.prototype.query = query;
  }
  return found;
}
