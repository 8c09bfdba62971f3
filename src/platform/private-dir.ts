import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** All rights of others but one: PostgreSQL's user, where it has one, passes through (local/postgres-binaries.ts). */
const forbiddenBits = 0o067;

/** New files and folders of this process, and of those it starts, are its user's alone. */
export const keepNewFilesPrivate = () => process.umask(0o077);

/**
 * A folder that only this user can look into: it holds everybody's files. One from before, which others could read, is
 * closed with all that is in it.
 */
export async function makePrivateDir(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (!['EACCES', 'EROFS', 'EPERM'].includes(error.code ?? '')) throw error;
    const advice = 'set DATA_DIR to a folder that this user can write to';
    throw new Error(`${dir} can't be made (${error.code}): ${advice}.`, { cause: error });
  });
  if ((await stat(dir)).mode & forbiddenBits) await close(dir);
}

/** Children first: a run that breaks off leaves the top open, so that the next one goes on. */
async function close(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) await close(path);
    else if (entry.isFile()) await chmod(path, 0o600);
  }
  await chmod(dir, 0o700);
}
