import { addressesOf, listRoutes } from '../test/setup/lists.js';
import { deepCursor } from './deep.js';
import { atMost, median, report, type Settings } from './measure.js';
import { plansOf } from './plans.js';
import { hot, seed } from './seed.js';
import { answer, withSystem } from './system.js';

const sizes = {
  small: Number(process.env.VITRINE_GROWTH_SMALL ?? 10_000),
  large: Number(process.env.VITRINE_GROWTH_MEDIAS ?? 1_000_000),
};
const asked = 25;

/** ms, by what was asked for. */
type Times = Map<string, number>;

/** Every list's first page and one near its end, with 1,000,000 medias against 10,000; and how the larger are read. */
export async function growth(_settings: Settings): Promise<void> {
  const small = await timesAt(sizes.small, false);
  const large = await timesAt(sizes.large, true);
  for (const [name, ms] of large) {
    const baseline = small.get(name);
    if (baseline) report(`growth ${name}`, 'ms', { ours: [ms], baseline: [baseline] }, atMost(1.3));
  }
}

async function timesAt(n: number, isExplained: boolean): Promise<Times> {
  const times: Times = new Map();
  await withSystem({ workers: [], env: { RATE_LIMIT_FACTOR: '0' } }, async (system) => {
    const { rows } = await system.db.query<{ id: string }>('select id from users');
    await seed(system.db, n, rows[0]!.id);
    const { origin, user: headers } = system;
    const comment = 'c000000000000010';
    const fixture = { username: hot.user, media: hot.media, comment, playlist: hot.playlist, tag: hot.tag };
    const document = await answer<object>(await fetch(`${origin}/docs-json`));
    const pages: [string, string][] = [];
    for (const address of listRoutes(document).flatMap((path) => addressesOf(path, fixture))) {
      pages.push([`${address} first`, address]);
      const cursor = await deepCursor(origin + address, headers, n);
      if (cursor) pages.push([`${address} last`, `${address}&cursor=${cursor}`]);
    }
    for (const [name, address] of pages) {
      const one = async () => {
        const begun = performance.now();
        await answer(await fetch(`${origin}${address}&limit=20`, { headers }));
        return performance.now() - begun;
      };
      for (let i = 0; i < 5; i++) await one();
      const all: number[] = [];
      for (let i = 0; i < asked; i++) all.push(await one());
      times.set(name, median(all));
    }
    if (isExplained) {
      const wrong = await plansOf(system, pages);
      for (const { name, why } of wrong) console.error(`${name}: ${why}`);
      report('growth, lists that read or sort more than their page', '', { ours: [wrong.length] }, atMost(0));
    }
  });
  return times;
}
