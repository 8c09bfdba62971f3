import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Json } from './client.js';
import type { Vitrine } from './vitrine.js';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/**
 * Runs `vitrine recount`.
 * @returns the exit code and the findings
 */
export function recount(
  { databaseUrl, dataDir }: Vitrine,
  ...args: '--check'[]
): Promise<{ code: number; wrong: Json[]; said: string }> {
  const env = { ...process.env, NODE_ENV: 'test', DATABASE_URL: databaseUrl, DATA_DIR: dataDir };
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, 'recount', ...args], { env }, (error, stdout, said) => {
      const lines = stdout.split('\n').filter(Boolean);
      resolve({ code: error ? Number(error.code) : 0, wrong: lines.map((line) => JSON.parse(line) as Json), said });
    });
  });
}
