const tries = 3;

/**
 * Begins a transaction again that PostgreSQL undid because it and another waited for each other (40P01). For those that
 * reach many rows by cascades, whose order nobody chooses: deleting a media, blocking a user. Nothing else may be in
 * `work` than the transaction.
 */
export async function givingWay<T>(work: () => Promise<T>): Promise<T> {
  for (let left = tries - 1; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || (error as { code?: string }).code !== '40P01') throw error;
    }
  }
}
