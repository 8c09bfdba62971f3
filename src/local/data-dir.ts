import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A random secret that stays the same over restarts, so that nobody is signed out by one. */
export async function persistentSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, 'secret');
  const stored = await readFile(path, 'utf8').catch(() => '');
  if (stored.length >= 32) return stored;
  // Whole or not at all: half a secret would be another one after the next start.
  const unfinished = `${path}.new`;
  const secret = randomBytes(32).toString('base64url');
  await rm(unfinished, { force: true });
  await writeFile(unfinished, secret, { mode: 0o600, flush: true });
  await rename(unfinished, path);
  return secret;
}
