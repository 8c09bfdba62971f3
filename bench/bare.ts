import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs a bare program with the same priority as ours.
 * @param niceness 0 to 19
 */
export async function asNice(bin: string, args: string[], cwd: string, niceness = 15): Promise<void> {
  const child = spawn('nice', ['-n', String(niceness), bin, ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${bin} ended with ${code}`);
}
