import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * All rights of others except execution by the group's user: PostgreSQL's own user, where it has one, passes through
 * (local/postgres-binaries.ts).
 */
const forbiddenBits = 0o067;

/** Makes new files and folders of this process, and of its children, accessible to its user only. */
export const keepNewFilesPrivate = () => process.umask(0o077);

/**
 * A folder that only this user can read: it holds everybody's files. An existing one that others could read is closed
 * with all its content.
 */
export async function makePrivateDir(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (!['EACCES', 'EROFS', 'EPERM'].includes(error.code ?? '')) throw error;
    const advice = 'set DATA_DIR to a folder that this user can write to';
    throw new Error(`${dir} can't be created (${error.code}): ${advice}.`, { cause: error });
  });
  if ((await stat(dir)).mode & forbiddenBits) await close(dir);
}

/** Children first: after an interrupted run the top is still open, so the next run continues. */
async function close(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) await close(path);
    else if (entry.isFile()) await chmod(path, 0o600);
  }
  await chmod(dir, 0o700);
}
