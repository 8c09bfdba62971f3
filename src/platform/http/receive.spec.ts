import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Problem } from './problems.js';
import { receive } from './receive.js';

const tooMuch = () => new Problem('too_large');
const brokenAtOnce = () =>
  new Readable({
    read() {
      this.destroy(new Error('cut off'));
    },
  });
const goneBefore = () => brokenAtOnce().destroy();

it.each([
  ['breaks off at once', brokenAtOnce],
  ['is gone before it is read', goneBefore],
  ['brings too much at once', () => Readable.from([Buffer.alloc(11)])],
])('a body that %s leaves no file after the caller has removed it', async (_, body) => {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-receive-'));
  try {
    await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const path = join(folder, String(n));
        await expect(receive(body(), path, 10, tooMuch)).rejects.toThrow();
        await rm(path, { force: true });
      }),
    );
    await sleep(100);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
