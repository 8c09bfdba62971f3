const tries = 3;

/**
 * Retries a transaction that PostgreSQL aborted as a deadlock victim (40P01). For work whose cascades lock many rows in
 * an order we cannot choose: deleting a media, blocking a user. `work` must do nothing but the transaction.
 */
export async function retryOnDeadlock<T>(work: () => Promise<T>): Promise<T> {
  for (let left = tries - 1; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || (error as { code?: string }).code !== '40P01') throw error;
    }
  }
}
