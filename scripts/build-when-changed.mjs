/**
 * `nest build`, unless everything it would read is older than the last one that went well: four seconds of CPU at each
 * start. Plain JavaScript, for it may be run by whatever Node there is.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';

const stamp = 'dist/.built';
const sources = readdirSync('src', { recursive: true }).map((path) => `src/${path}`);
const inputs = ['src', ...sources, 'package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];

const begun = new Date();
// Folders, too: theirs is the time at which something was taken away.
const newest = Math.max(...inputs.map((path) => statSync(path).mtimeMs));
if (!existsSync(stamp) || newest > statSync(stamp).mtimeMs) {
  const { status } = spawnSync('nest', ['build'], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, '');
  utimesSync(stamp, begun, begun);
}
