import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start();
});
afterAll(() => vitrine.stop());

/** Runs a job now. @returns how it ended */
async function run(name: 'uploads.sweep' | 'rows.expire'): Promise<string> {
  const id = await vitrine.doNow(name);
  return until(async () => {
    const { rows } = await vitrine.db.query<{ state: string }>(
      `select state::text from bullmq.job where id = $1 and state in ('completed', 'failed')`,
      [id],
    );
    return rows[0]?.state ?? false;
  }, `${name} to end`);
}

it('an upload whose bytes cannot be removed does not keep others from being removed', async () => {
  const ada = await vitrine.signUp();
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) {
    const { headers } = await ada
      .send('POST', '/api/uploads', undefined, {
        'tus-resumable': '1.0.0',
        'upload-length': '10',
        'upload-metadata': `kind ${Buffer.from('file').toString('base64')}`,
      })
      .expect(201);
    ids.push(headers.get('location')!.split('/').at(-1)!);
  }
  const [stuck] = ids;
  const path = join(vitrine.dataDir, 'storage', 'incoming', 'tus', stuck!);
  await rm(path, { force: true });
  // A folder where a file is expected: the first of the three cannot be removed.
  await mkdir(path);
  await writeFile(join(path, 'inside'), '');
  for (const [i, id] of ids.entries())
    await vitrine.db.query(`update uploads set expires_at = now() - make_interval(secs => $2) where id = $1`, [
      id,
      100 - i,
    ]);
  const left = async () => (await vitrine.db.query('select id from uploads')).rows.map(({ id }) => id as string);

  expect(await run('uploads.sweep')).toBe('failed');
  expect(await left()).toEqual([stuck]);
  await rm(path, { recursive: true });
  expect(await run('uploads.sweep')).toBe('completed');
  expect(await left()).toEqual([]);
});

it('a table that cannot be cleared does not keep others from being cleared', async () => {
  // The first of the list refuses, another one stands near its end.
  await vitrine.db.query(`
    insert into outbox_events (name, payload, dispatched_at) values ('none', '{}', now() - interval '8 days');
    insert into address_counts (address, what, since) values ('a', 'codes', now() - interval '2 days');
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
    create trigger refuse before delete on outbox_events for each row execute function refuse()`);
  const left = (table: string, column: string) =>
    vitrine.db.query(`select 1 from ${table} where ${column} < now() - interval '25 hours'`).then((r) => r.rowCount);

  expect(await run('rows.expire')).toBe('failed');
  expect(await left('address_counts', 'since')).toBe(0);
  expect(await left('outbox_events', 'dispatched_at')).toBe(1);
  await vitrine.db.query('drop trigger refuse on outbox_events');
  expect(await run('rows.expire')).toBe('completed');
  expect(await left('outbox_events', 'dispatched_at')).toBe(0);
});
