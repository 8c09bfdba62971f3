import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const path = (name: string) => fileURLToPath(new URL(`${name}.ts`, import.meta.url));

/** Runs a script of this folder as a separate process, like ours, until `work` is done. It sends us its port. */
export async function withServer(
  script: string,
  args: string[],
  work: (origin: string, pid: number) => Promise<void>,
): Promise<void> {
  const child = spawn(process.execPath, ['--import', path('built'), path(script), ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    const [port] = (await once(child, 'message')) as [number];
    await work(`http://127.0.0.1:${port}`, child.pid!);
  } finally {
    child.kill();
  }
}
