import { addressesOf, listRoutes } from '../test/setup/lists.js';
import { deepCursor } from './deep.js';
import { atMost, inTurns, median, report, type Settings } from './measure.js';
import { plansOf } from './plans.js';
import { seedChats } from './seed-chats.js';
import { hot, seed } from './seed.js';
import { answer, withSystem, type System } from './system.js';

const sizes = {
  small: Number(process.env.VITRINE_GROWTH_SMALL ?? 10_000),
  large: Number(process.env.VITRINE_GROWTH_MEDIAS ?? 1_000_000),
};
const limit = 20;
/** Before measuring, so that neither process compiles code that the other has compiled already. */
const warmUpRounds = 10;
const askedInTurn = 9;

/** Addresses by the list they are a page of. */
type Pages = Map<string, string>;

/** Every list's first page and one near its end, with 1,000,000 medias against 10,000; and the plans of the larger. */
export async function growth({ pairs }: Settings): Promise<void> {
  const options = { workers: [], env: { RATE_LIMIT_FACTOR: '0' } };
  await withSystem(options, (small) =>
    withSystem(options, async (large) => {
      const smallPages = await seeded(small, sizes.small);
      const largePages = await seeded(large, sizes.large);
      for (const [name, address] of largePages) {
        const baseline = smallPages.get(name);
        if (baseline === undefined) continue;
        const samples = await inTurns(
          pairs,
          () => medianOf(large, address),
          () => medianOf(small, baseline),
        );
        report(`growth ${name}`, 'ms', samples, atMost(1.3));
      }
      const wrong = await plansOf(large, [...largePages]);
      for (const { name, why } of wrong) console.error(`${name}: ${why}`);
      report('growth, lists that read or sort more than their page', '', { ours: [wrong.length] }, atMost(0));
    }),
  );
}

async function seeded(system: System, n: number): Promise<Pages> {
  const { rows } = await system.db.query<{ id: string }>('select id from users');
  await seed(system.db, n, rows[0]!.id);
  const chat = await seedChats(system.db, n, rows[0]!.id);
  const { origin, user: headers } = system;
  const comment = 'c000000000000010';
  const fixture = { chat, username: hot.user, media: hot.media, comment, playlist: hot.playlist, tag: hot.tag };
  // Combinations without results for users and tags with very many rows.
  const nothing = [
    ...[`medias?username=${hot.user}&type=music`, `medias?username=${hot.user}&tag=${hot.tag}`],
    ...[`medias?tag=${hot.tag}&type=video`, `medias?tag=${hot.tag}&type=video&sort=most-viewed`],
    ...['medias/search/harbour?type=music', `medias/search/harbour?tag=${hot.tag}`],
    ...['playlists?type=video', 'notifications?kind=comment', `chats/search?q=harbour&with=${hot.user}`],
  ];
  const document = await answer<object>(await fetch(`${origin}/docs-json`));
  const pages: Pages = new Map();
  const asked = listRoutes(document).flatMap((path) => addressesOf(path, fixture));
  for (const address of [...asked, ...nothing.map((address) => `/api/${address}`)]) {
    pages.set(`${address} first`, address);
    const cursor = await deepCursor(origin + address, headers, n);
    if (cursor) pages.set(`${address} last`, `${address}&cursor=${cursor}`);
  }
  for (let round = 0; round < warmUpRounds; round++) for (const address of pages.values()) await ask(system, address);
  return pages;
}

const ask = async ({ origin, user: headers }: System, address: string) =>
  answer(await fetch(`${origin}${address}&limit=${limit}`, { headers }));

/** ms */
async function medianOf(system: System, address: string): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < askedInTurn; i++) {
    const begun = performance.now();
    await ask(system, address);
    times.push(performance.now() - begun);
  }
  return median(times);
}
