import { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { retryOnDeadlock } from '../../src/platform/database/retry-on-deadlock.js';
import { queuePool } from '../../src/platform/queue/store.js';
import { ormOptions } from '../../src/platform/database/orm.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let orm: MikroORM;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
  await vitrine.db.query(`insert into tags (name) values ('left'), ('right')`);
  orm = await MikroORM.init(ormOptions(vitrine.db.options.connectionString!, []));
});
afterAll(async () => {
  await orm.close();
  await vitrine.stop();
});

const count = (name: string) => `update tags set medias_count = medias_count + 1 where name = '${name}'`;

it('a deadlock’s victim starts over, and both transactions run once', async () => {
  let tries = 0;
  let held = 0;
  const bothHold = Promise.withResolvers<void>();
  const inOrder = (first: string, second: string) =>
    retryOnDeadlock(() =>
      orm.em.fork().transactional(async (em) => {
        tries += 1;
        await em.execute(count(first));
        held += 1;
        if (held === 2) bothHold.resolve();
        await bothHold.promise;
        await em.execute(count(second));
      }),
    );
  await Promise.all([inOrder('left', 'right'), inOrder('right', 'left')]);
  const { rows } = await vitrine.db.query('select medias_count as n from tags');
  expect(rows).toEqual([{ n: 2 }, { n: 2 }]);
  expect(tries).toBe(3);
});

it('so does a statement of the job queue', async () => {
  const pool = queuePool(vitrine.db.options.connectionString!);
  try {
    await pool.query(`
      create function public.count_both(one text, other text) returns void language plpgsql as $$ begin
        update public.tags set medias_count = medias_count + 1 where name = one;
        perform pg_sleep(0.5);
        update public.tags set medias_count = medias_count + 1 where name = other;
      end $$`);
    await vitrine.db.query('update tags set medias_count = 0');
    const inOrder = (...names: string[]) => pool.query('select public.count_both($1, $2)', names);
    await Promise.all([inOrder('left', 'right'), inOrder('right', 'left')]);
    const { rows } = await vitrine.db.query('select medias_count as n from tags');
    expect(rows).toEqual([{ n: 2 }, { n: 2 }]);
  } finally {
    await pool.end();
  }
});

it('other failures are not retried', async () => {
  let tries = 0;
  const work = () => orm.em.fork().transactional((em) => em.execute(`select ${++tries} / 0`));
  await expect(retryOnDeadlock(work)).rejects.toThrow(/division by zero/);
  expect(tries).toBe(1);
});
