import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a program as it is, but as ready to step back for others as ours are. @param niceness 0 to 19 */
export async function asNice(bin: string, args: string[], cwd: string, niceness = 15): Promise<void> {
  const child = spawn('nice', ['-n', String(niceness), bin, ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${bin} ended with ${code}`);
}
