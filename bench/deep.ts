/** Builds cursors near the end of a list, without walking there. */
import { answer } from './system.js';

type Key = (string | number)[];
interface Page {
  items: unknown[];
  nextCursor: string | null;
}
const read = (cursor: string) => JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, ...Key];
const write = (name: string, key: Key) => Buffer.from(JSON.stringify([name, ...key])).toString('base64url');
const isUuid = (value: string | number) => /^[0-9a-f]{8}-[0-9a-f]{4}-/.test(String(value));
const isTime = (value: string | number) => /^\d{4}-\d\d-\d\dT/.test(String(value));

/**
 * The first UUIDv7 of a moment (RFC 9562, 5.7).
 * @param ms since 1970
 */
const uuidOf = (ms: number) =>
  Math.floor(ms)
    .toString(16)
    .padStart(12, '0')
    .replace(/(.{8})(.{4})/, '$1-$2-7000-8000-000000000000');

/** Every value a component of a key may have near the end, the farthest first. */
function ends(value: string | number, isDescending: boolean, n: number): Key {
  const now = Date.now();
  // Seeded rows are a second apart, up to ten of them per media, or as many as there are users.
  const spans = [n * 10, n, n / 10, 1_000].map((seconds) => now - seconds * 1000 + 150_000);
  const recent = [now - 15_000, now - 150_000, now - 1_500_000];
  const moments = isDescending ? spans : recent;
  if (isUuid(value)) return moments.map(uuidOf);
  if (isTime(value)) return moments.map((ms) => new Date(ms).toISOString());
  if (typeof value === 'number') return isDescending ? [0, 1, 2, 3, 10, 100] : [4990, 890, 290, 38, n / 10, 2, 0];
  return isDescending ? ['a'] : [`a${String(n - 150).padStart(9, '0')}`];
}

/** @returns null for a list of one page or without items, and for ranked lists */
export async function deepCursor(address: string, headers: Record<string, string>, n: number): Promise<string | null> {
  const page = async (limit: number, cursor = '') =>
    answer<Page>(await fetch(`${address}&limit=${limit}${cursor && `&cursor=${cursor}`}`, { headers }));
  const [near, far] = [await page(1), await page(20)];
  // A page may end before anything is found.
  if (!near.nextCursor || !far.nextCursor || !far.items.length) return null;
  const [name, ...first] = read(near.nextCursor);
  const [, ...later] = read(far.nextCursor);
  // The far end of a ranked list can't be derived from the rows alone.
  if (name.startsWith('relevance')) return null;
  const changed = first.findIndex((value, i) => value !== later[i]);
  const isDescending = first[changed]! > later[changed]!;
  const tries = first.reduce<Key[]>(
    (found, value) => found.flatMap((key) => ends(value, isDescending, n).map((end) => [...key, end])),
    [[]],
  );
  // A full page, if there is one: fewer rows would take less time.
  let short: string | undefined;
  for (const key of tries) {
    const cursor = write(name, key);
    const { length } = (await page(20, cursor)).items;
    if (length === 20) return cursor;
    if (length) short ??= cursor;
  }
  if (short) return short;
  throw new Error(
    `No page near the end of ${address} found, whose cursors look like ${JSON.stringify([name, ...first])}`,
  );
}
