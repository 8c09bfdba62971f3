/** Name of the unique index that a statement violated (PostgreSQL's 23505); undefined for any other error. */
export function brokenUnique(error: unknown): string | undefined {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === '23505' ? constraint : undefined;
}
