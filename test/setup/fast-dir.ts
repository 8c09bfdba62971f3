import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const shm = '/dev/shm';
/** A container's default is 64 MiB, which one database cluster fills. */
const neededBytes = 2 * 1024 ** 3;

/** Where temporary database clusters go: creating one takes 0.4 s in memory and 2 s on a slow disk. */
export function fastDir(): string {
  try {
    accessSync(shm, constants.W_OK);
    const { bavail, bsize } = statfsSync(shm);
    return bavail * bsize >= neededBytes ? shm : tmpdir();
  } catch {
    return tmpdir();
  }
}
