import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import { apiInProcess } from '../setup/in-process.js';
import { mostRowsOf } from '../setup/plan-rows.js';
import { statementsOf } from '../setup/statements.js';
import { Vitrine } from '../setup/vitrine.js';

/** Before all others and after them, of each kind. */
const hidden = 1_500;
const shown = 400;
const followed = 300;
/** A page of each owner that is asked, or a tag's medias that are sorted. */
const most = 2_000;

let vitrine: Vitrine;
let app: Awaited<ReturnType<typeof apiInProcess>>;
let reader: Person;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
  const [ada, hiding, shy, friend] = await Promise.all(Array.from({ length: 4 }, () => newPerson(vitrine)));
  reader = await newPerson(vitrine);
  await shy!.client.put('/api/users/me', { isPrivate: true }).expect(200);
  await vitrine.db.query(`insert into tags (name) values ('sea')`);
  // The most and the least viewed and liked are hidden, too.
  const publish = async (owner: Person, visibility: string, count: number, counter: string) => {
    await vitrine.db.query(
      `with m as (
         insert into medias (url, owner_id, type, visibility, status, shown, views_count, likes_count)
         select substr(md5(random()::text), 1, 16), $1, 'photo', $2, 'ready', true, ${counter}, ${counter}
         from generate_series(1, $3) i returning id)
       insert into media_tags (media_id, tag_id) select m.id, t.id from m, tags t`,
      [owner.id, visibility, count],
    );
    await vitrine.db.query(
      `insert into playlists (url, owner_id, title, visibility)
       select substr(md5(random()::text), 1, 16), $1, 'Evenings', $2 from generate_series(1, $3)`,
      [owner.id, visibility, count],
    );
  };
  const hide = async () => {
    for (const [owner, visibility] of [
      [hiding!, 'private'] as const,
      [hiding!, 'followers'] as const,
      [shy!, 'public'] as const,
    ])
      await publish(owner, visibility, hidden, '1000 * mod(i, 2)');
  };
  await hide();
  await publish(ada!, 'public', shown, 'i');
  await publish(friend!, 'followers', 3, 'i');
  await vitrine.db.query(
    `insert into users (username, email, email_verified_at, password_hash, display_name)
     select 'u' || i, 'u' || i || '@example.org', now(), '-', 'u' from generate_series(1, $1) i`,
    [followed],
  );
  // Owners are many, as they always are: what few of them have might as well be read in order.
  await vitrine.db.query(`
    insert into playlists (url, owner_id, title, visibility)
      select 'of' || username, id, 'Evenings', 'followers' from users where username ~ '^u[0-9]+$';
    with m as (
      insert into medias (url, owner_id, type, visibility, status, shown)
        select 'of' || username, id, 'photo', 'followers', 'ready', true from users where username ~ '^u[0-9]+$' returning id)
    insert into media_tags (media_id, tag_id) select m.id, t.id from m, tags t`);
  await vitrine.db.query(
    `insert into follows (follower_id, followee_id, accepted_at) select $1, id, now() from users where id = $2 or username ~ '^u[0-9]+$'`,
    [reader.id, friend!.id],
  );
  await hide();
  await vitrine.db.query('vacuum (analyze)');
  app = await apiInProcess(vitrine);
}, 240_000);
afterAll(async () => {
  await app?.close();
  await vitrine?.stop();
});

const sorts = ['newest', 'oldest', 'most-viewed', 'least-viewed', 'most-liked'];
const lists = [
  ...['', '&type=photo', '&tag=sea', '&tag=sea&type=photo'].flatMap((filter) =>
    sorts.map((sort) => `medias?sort=${sort}${filter}`),
  ),
  ...['tags/sea/medias?', 'feeds/global?', 'feeds/global?type=photo', 'playlists?', 'playlists?sort=oldest'],
];

it.each(
  lists.flatMap((list) => [
    { list, who: 'anybody' },
    { list, who: 'a reader' },
  ]),
)(
  'where most is hidden, $list reads a bounded number of rows for $who',
  async ({ list, who }) => {
    const headers = who === 'a reader' ? reader.client.credentials : {};
    const tooMany: string[] = [];
    const client = await vitrine.db.connect();
    // A table this small may be scanned, or joined as a whole. What remains is where no index narrows the list.
    await client.query('set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off');
    try {
      for (let address: string | undefined = `/api/${list}&limit=20`, page = 0; address && page < 2; page++) {
        let next: string | undefined;
        const statements = await statementsOf(async () => {
          const { statusCode, body } = await app.inject({ url: address!, headers });
          const { items, nextCursor } = JSON.parse(body) as { items: unknown[]; nextCursor: string };
          expect([statusCode, items.length]).toEqual([200, 20]);
          next = `/api/${list}&limit=20&cursor=${nextCursor}`;
        });
        for (const statement of statements.filter(({ text }) => /^\s*(?:select|with)/i.test(text)))
          for (const mode of ['force_custom_plan', 'force_generic_plan'] as const) {
            const { rows, where } = await mostRowsOf(client, statement, mode);
            if (rows > most) tooMany.push(`page ${page}, ${mode}: ${rows} rows, ${where}`);
          }
        address = next;
      }
    } finally {
      client.release(true);
    }
    expect(tooMany).toEqual([]);
  },
  120_000,
);
