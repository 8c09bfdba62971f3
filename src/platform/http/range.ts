/** Both ends included. */
export interface Range {
  start: number;
  end: number;
}

/**
 * Parses a `Range` header (RFC 9110, 14.1.2 and 14.2). Null means: send the whole body. That includes other units and
 * several ranges; a server may ignore them, and no player needs them.
 * @param size bytes of the whole body
 */
export function parseRange(header: string | undefined, size: number): Range | 'unsatisfiable' | null {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return null;
  // A suffix longer than the body is the whole body.
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return null;
  return start > end ? 'unsatisfiable' : { start, end };
}
