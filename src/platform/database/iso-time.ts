/**
 * A `timestamptz` as JSON has it. What PostgreSQL says of one in UTC, to the microsecond, has only to be cut, which takes
 * a tenth of the time that it takes to read it: a list has two of them in each of its items.
 */
export function isoTime(at: string | Date): string {
  const isPlain = typeof at === 'string' && at.length === 29 && at.endsWith('+00');
  return isPlain ? `${at.slice(0, 10)}T${at.slice(11, 23)}Z` : new Date(at).toISOString();
}
