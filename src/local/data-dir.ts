import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A random secret that survives restarts, so that they sign nobody out. */
export async function persistentSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, 'secret');
  const stored = await readFile(path, 'utf8').catch(() => '');
  if (stored.length >= 32) return stored;
  // Written atomically: a partial secret would be replaced at the next start.
  const unfinished = `${path}.new`;
  const secret = randomBytes(32).toString('base64url');
  await rm(unfinished, { force: true });
  await writeFile(unfinished, secret, { mode: 0o600, flush: true });
  await rename(unfinished, path);
  return secret;
}
