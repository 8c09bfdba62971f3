import { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { ormOptions } from '../database/orm.js';
import { sql } from '../database/sql.js';
import type { Jobs } from './jobs.service.js';
import { UnfinishedWork, type Unfinished } from './unfinished-work.js';

interface Row {
  id: string;
}
const context = { jobId: 'sweep', signal: new AbortController().signal, isLastAttempt: true };
const count = 1_200;

let orm: MikroORM;
/** What is pending in the queue, by id. */
const pending = new Set<string>();
const jobs = { isPending: async (_name: string, id: string) => pending.has(id) } as unknown as Jobs;
const sweeper = () => new UnfinishedWork(orm.em.fork(), jobs);
const rows = (restart: Unfinished<Row>['restart'], of = 'row'): Unfinished<Row> => ({
  silent: (limit, after) => sql<Row>`
    select id from (select ${of}::text || lpad(i::text, 6, '0') as id from generate_series(1, ${count}::int) i) rows
    where id > ${after ?? ''} order by id limit ${limit}`,
  jobs: ({ id }) => [{ name: 'photo.derive', id }],
  restart,
});

beforeAll(async () => {
  const url = new URL(inject('postgres'));
  url.pathname = '/template';
  orm = await MikroORM.init({ ...ormOptions(url.href, undefined, 2), discovery: { warnWhenNoEntities: false } });
});
afterAll(() => orm.close());

it('restarts each row of a backlog that no queue remembers, once in a run', async () => {
  pending.add('row000007');
  const restarted: string[] = [];
  const work = sweeper();
  work.watch(
    'rows',
    rows(async ({ id }) => void restarted.push(id)),
  );
  await work.sweep({}, context);
  expect(restarted).toHaveLength(count - 1);
  expect(new Set(restarted).size).toBe(count - 1);
  expect(restarted).not.toContain('row000007');
});

it('sweeps the other kinds if one fails, and says so', async () => {
  const restarted: string[] = [];
  const work = sweeper();
  work.watch(
    'broken',
    rows(() => Promise.reject(new Error('out of order')), 'a'),
  );
  work.watch(
    'whole',
    rows(async ({ id }) => void restarted.push(id), 'b'),
  );
  await expect(work.sweep({}, context)).rejects.toThrow(AggregateError);
  expect(restarted).toHaveLength(count);
});

it('does not run beside itself, and stops when it is told to', async () => {
  const stop = new AbortController();
  let restarted = 0;
  const work = sweeper();
  work.watch(
    'rows',
    rows(async () => {
      restarted += 1;
      if (restarted === 3) {
        await work.sweep({}, context);
        stop.abort();
      }
    }, 'c'),
  );
  await expect(work.sweep({}, { ...context, signal: stop.signal })).rejects.toThrow(AggregateError);
  expect(restarted).toBe(3);
});
