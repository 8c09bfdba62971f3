import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Locked, takeLock } from './lock.js';

let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vitrine-lock-'));
  path = join(dir, 'lock');
});

afterEach(() => rm(dir, { recursive: true }));

describe('lock', () => {
  it('has one holder, who can release it', async () => {
    const release = await takeLock(path);
    await expect(takeLock(path)).rejects.toMatchObject({ pid: process.pid });
    await release();
    await (
      await takeLock(path)
    )();
    expect(await readdir(dir)).toEqual([]);
  });

  it.each([
    ['ended', '999999999 1\n'],
    ['lent its pid to another program', `${process.pid} 1\n`],
    ['never finished writing', ''],
  ])('passes to exactly one of two when its holder %s', async (_case, content) => {
    for (let round = 0; round < 50; round++) {
      await writeFile(path, content);
      const results = await Promise.allSettled([takeLock(path), takeLock(path)]);
      const [won, lost] = results.toSorted((a) => (a.status === 'fulfilled' ? -1 : 1));
      expect(lost).toMatchObject({ status: 'rejected', reason: expect.any(Locked) });
      if (won?.status === 'fulfilled') await won.value();
      expect(await readdir(dir)).toEqual([]);
    }
  });
});
