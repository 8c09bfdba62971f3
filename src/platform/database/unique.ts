/** The unique index that a statement broke (PostgreSQL's 23505), by its name; undefined for any other error. */
export function brokenUnique(error: unknown): string | undefined {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === '23505' ? constraint : undefined;
}
