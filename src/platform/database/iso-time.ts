/**
 * A `timestamptz` as an ISO 8601 string. PostgreSQL's text in UTC with microseconds is cut instead of parsed, which
 * takes a tenth of the time: each item of a list has two.
 */
export function isoTime(at: string | Date): string {
  const isPlain = typeof at === 'string' && at.length === 29 && at.endsWith('+00');
  return isPlain ? `${at.slice(0, 10)}T${at.slice(11, 23)}Z` : new Date(at).toISOString();
}
