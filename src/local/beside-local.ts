import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loopback } from '../platform/ports.js';
import { filesIn, postmasterFile } from './postgres-cluster.js';

/**
 * Lets an operator's command use what `npm start` runs in this folder: settings from `.env`, database and secret from
 * its data directory. Variables of the environment win.
 */
export async function useLocalSettings(env: NodeJS.ProcessEnv): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  if (env.DATABASE_URL) return;
  const dataDir = resolve(env.DATA_DIR || '.data');
  const files = filesIn(join(dataDir, 'postgres'));
  const server = await postmasterFile(files);
  if (!server?.ready) return;
  env.DATA_DIR = dataDir;
  env.AUTH_SECRET ||= await readFile(join(dataDir, 'secret'), 'utf8');
  const password = await readFile(files.password, 'utf8');
  env.DATABASE_URL = `postgresql://postgres:${password}@${loopback}:${server.port}/vitrine`;
}
