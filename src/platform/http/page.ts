import { z } from 'zod';
import { Problem } from './problems.js';

/** Per page. */
export const maxPageItems = 100;

/** `limit` and `cursor` of every list. No schema id: with one, OpenAPI would lose the parameters. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(maxPageItems).default(20).meta({ description: 'Items per page' }),
  cursor: z.string().max(400).optional().meta({ description: '`nextCursor` of the previous page' }),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** Of lists that can be asked for what is new. */
export const SinceQuery = PageQuery.extend({
  since: z.string().max(400).optional().meta({ description: '`newestCursor` of an earlier answer: only newer items' }),
});
export type SinceQuery = z.infer<typeof SinceQuery>;

export const page = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });
/** What `page` describes. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/**
 * A cursor is the sort key of the last row shown, prefixed with the name of its sort: a cursor of another sort is
 * refused instead of giving an arbitrary page.
 */
export const encodeCursor = (sort: string, key: readonly (string | number)[]) =>
  Buffer.from(JSON.stringify([sort, ...key])).toString('base64url');

/** @throws {Problem} `validation_failed` */
export function decodeCursor<T extends z.ZodTuple>(
  cursor: string | undefined,
  sort: string,
  key: T,
  parameter = 'cursor',
): z.infer<T> | null {
  if (cursor === undefined) return null;
  try {
    const [madeFor, ...values] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (madeFor === sort) return key.parse(values);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError || error instanceof TypeError)) throw error;
  }
  throw new Problem('validation_failed', {
    errors: [{ pointer: `/${parameter}`, message: 'Not a cursor of this list: start without one' }],
  });
}

/** Queries request `limit + 1` rows; the extra one only shows that there are more. */
export function toPage<R, T>(rows: R[], limit: number, cursorOf: (row: R) => string, toItem: (row: R) => T): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(toItem), nextCursor: rows.length > limit && last ? cursorOf(last) : null };
}
