/**
 * PostgreSQL's connection errors, 53 (resources), 57P (shutdown), socket errors, and 40P01: the statement of a
 * deadlock's victim succeeds when it is sent again.
 */
const codes = /^(08(000|001|003|004|006)|40P01|53|57P)|^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EPIPE|ETIMEDOUT)$/;
const sentences =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/;

/** Whether an error means that the database is unavailable for now, as opposed to a bug of ours. */
export function isDatabaseDown(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause ?? (e as { previous?: unknown }).previous) {
    const { code } = e as { code?: string };
    if ((code && codes.test(code)) || sentences.test(e.message)) return true;
  }
  return false;
}
