import { wantsDetail } from '../config/env.js';

/** Starts a process, or ends it with a message a person can act on; with `LOG_LEVEL=debug` also with the stack. */
export async function startOrSay(start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    process.stderr.write(`${wantsDetail() ? stack : message}\n`);
    process.exit(1);
  }
}
