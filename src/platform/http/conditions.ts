import type { IncomingHttpHeaders } from 'node:http';

/** Validators of a body: a strong, quoted ETag, and its last change, if that says anything. */
export interface Validators {
  etag: string;
  modifiedAt: Date | null;
}

/** HTTP dates have whole seconds. */
const seconds = (date: Date): number => Math.floor(date.getTime() / 1_000);
const date = (header: string): number => Math.floor(Date.parse(header) / 1_000);

/** @param weak If-None-Match compares weakly: `W/"x"` is `"x"` (RFC 9110, 8.8.3.2) */
const names = (header: string, etag: string, weak: boolean): boolean =>
  header.trim() === '*' ||
  header.split(',').some((tag) => (weak ? tag.trim().replace(/^W\//, '') : tag.trim()) === etag);

/**
 * Evaluates the conditions of a GET or HEAD in the order of RFC 9110, 13.2.2. The client's `Cache-Control` is ignored:
 * validators are always evaluated.
 */
export function evaluate(
  headers: IncomingHttpHeaders,
  { etag, modifiedAt }: Validators,
): 'send' | 'not-modified' | 'failed' {
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (!names(ifMatch, etag, false)) return 'failed';
  } else if (
    modifiedAt &&
    headers['if-unmodified-since'] !== undefined &&
    seconds(modifiedAt) > date(headers['if-unmodified-since'])
  ) {
    return 'failed';
  }
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, etag, true) ? 'not-modified' : 'send';
  const since = headers['if-modified-since'];
  return modifiedAt && since !== undefined && seconds(modifiedAt) <= date(since) ? 'not-modified' : 'send';
}

/** Whether a range may be answered: the part the client has must be of the same bytes (RFC 9110, 13.1.5). */
export function rangeHolds(ifRange: string | string[] | undefined, { etag, modifiedAt }: Validators): boolean {
  if (ifRange === undefined) return true;
  const value = String(ifRange).trim();
  return value.startsWith('"') ? value === etag : modifiedAt !== null && date(value) === seconds(modifiedAt);
}
