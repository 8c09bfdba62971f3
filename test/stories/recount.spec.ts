import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { counters } from '../../src/counters/counters.js';
import { slug } from '../../src/platform/database/slug.js';
import { newPerson, type Person } from '../model/world.js';
import type { Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { recount } from '../setup/recount.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let ada: Person;
let bob: Person;
let media: Json;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, bob] = [await newPerson(vitrine), await newPerson(vitrine)];
  media = await ada.client.publish('photo', await picture(64, 64).png().toBuffer(), { tags: ['harbour'] });
  await bob.client.post(`/api/follows/${ada.username}`).expect(201);
  await bob.client.post(`/api/medias/${media.url}/likes`).expect(201);
  await ada.client.post(`/api/medias/${media.url}/likes`, { isLike: false }).expect(201);
  for (const what of ['reposts', 'saves']) await bob.client.post(`/api/medias/${media.url}/${what}`).expect(201);
  await bob.client.post(`/api/medias/${media.url}/views`).expect(201);
  const talk = `/api/comments/medias/${media.url}`;
  const { body: comment } = await bob.client.post(talk, { text: 'Where is that?' }).expect(201);
  await ada.client.post(talk, { text: 'Here', replyTo: comment.url }).expect(201);
  await ada.client.post(`/api/comments/${comment.url}/likes`).expect(201);
  await bob.client.delete(`/api/comments/${comment.url}`).expect(204);
  await vitrine.db.query(
    `with list as (insert into playlists (url, owner_id, title) values ($1, $2, 'Evenings') returning id)
     insert into playlist_items (playlist_id, media_id, rank) select list.id, m.id, 'a' from list, medias m where m.url = $3`,
    [slug(), ada.id, media.url],
  );
  const seen = () => ada.client.get(`/api/medias/${media.url}`).then(({ body }) => body.counts.views === 1);
  await until(seen, 'the view to be counted');
}, 120_000);
afterAll(() => vitrine.stop());

/** As a bug would, bypassing the triggers. */
async function falsify(table: string, column: string, by: number): Promise<void> {
  const client = await vitrine.db.connect();
  await client.query('set session_replication_role = replica');
  await client.query(`update ${table} set ${column} = ${column} + ${by}`);
  await client.query('reset session_replication_role');
  client.release();
}
const all = counters.flatMap(({ table, counts }) => Object.keys(counts).map((counter) => ({ table, counter })));

describe('vitrine recount', () => {
  it('knows every counter', async () => {
    const { rows } = await vitrine.db.query<{ counter: string }>(
      `select table_name || ' ' || column_name as counter from information_schema.columns
       where table_schema = 'public' and (column_name like '%\\_count' or column_name in ('storage_bytes', 'derived_bytes'))`,
    );
    expect(rows.map(({ counter }) => counter).toSorted()).toEqual(
      all.map(({ table, counter }) => `${table} ${counter}`).toSorted(),
    );
  });

  it('finds nothing if all is well', async () => {
    expect(await recount(vitrine, '--check')).toMatchObject({ code: 0, wrong: [] });
    expect(await recount(vitrine)).toMatchObject({ code: 0, wrong: [] });
  });

  it('finds and corrects every wrong counter', async () => {
    // A job adds likes and views to their owner, possibly while the counters are wrong.
    await vitrine.settled();
    const before = await vitrine.db.query('select * from users order by id');
    for (const { table, counter } of all) await falsify(table, counter, 7);
    const { code, wrong } = await recount(vitrine, '--check');
    expect(code).toBe(1);
    expect(new Set(wrong.map(({ table, counter }) => `${table} ${counter}`)).size).toBe(all.length);
    for (const { stored, counted } of wrong) expect(stored).toBe(counted + 7);
    expect(wrong).toContainEqual(
      expect.objectContaining({ table: 'medias', name: media.url, counter: 'likes_count', stored: 8, counted: 1 }),
    );
    const repaired = await recount(vitrine);
    expect(repaired.code).toBe(0);
    expect(repaired.wrong.length).toBeGreaterThanOrEqual(all.length);
    expect(await recount(vitrine, '--check')).toMatchObject({ code: 0, wrong: [] });
    await vitrine.settled();
    expect((await vitrine.db.query('select * from users order by id')).rows).toEqual(before.rows);
  });

  it('adds nothing to an owner whose own counter was right', async () => {
    await vitrine.settled();
    await falsify('medias', 'likes_count', 3);
    expect((await recount(vitrine)).wrong).toMatchObject([{ table: 'medias', counter: 'likes_count' }]);
    expect(await recount(vitrine, '--check')).toMatchObject({ code: 0 });
  });

  it('ends exact under concurrent changes', async () => {
    const crowd = await Promise.all(Array.from({ length: 20 }, () => newPerson(vitrine)));
    const address = `/api/medias/${media.url}/likes`;
    for (const by of [1_000, 2_000]) {
      await falsify('medias', 'likes_count', by);
      await falsify('users', 'likes_received_count', by);
      const done = new AbortController();
      const repair = recount(vitrine).finally(() => done.abort());
      const liking = crowd.map(async ({ client }) => {
        for (let i = 0; i < 10 || !done.signal.aborted; i++) {
          const { status } = await (i % 2 ? client.delete(address) : client.post(address));
          expect([200, 201, 204]).toContain(status);
        }
      });
      const [{ wrong }] = await Promise.all([repair, ...liking]);
      expect(wrong.map(({ counter }) => counter).toSorted()).toEqual(
        expect.arrayContaining(['likes_count', 'likes_received_count']),
      );
      expect(await recount(vitrine, '--check')).toMatchObject({ code: 0, wrong: [] });
    }
  }, 120_000);
});
