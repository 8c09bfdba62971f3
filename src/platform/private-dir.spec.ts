import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makePrivateDir } from './private-dir.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vitrine-private-'));
});
afterEach(() => rm(root, { recursive: true }));

const modeOf = async (...path: string[]) => ((await stat(join(root, ...path))).mode & 0o777).toString(8);

it('a new folder is accessible to its user only', async () => {
  await makePrivateDir(join(root, 'a', 'b'));
  expect(await modeOf('a', 'b')).toBe('700');
});

it('an existing one that others could read is closed, with all its content', async () => {
  await mkdir(join(root, 'data', 'deep', 'deeper'), { recursive: true });
  await writeFile(join(root, 'data', 'deep', 'photo'), 'x');
  await chmod(join(root, 'data', 'deep', 'photo'), 0o644);
  for (const path of ['data', 'data/deep', 'data/deep/deeper']) await chmod(join(root, path), 0o755);
  await makePrivateDir(join(root, 'data'));
  expect(await Promise.all([modeOf('data'), modeOf('data/deep'), modeOf('data/deep/deeper')])).toEqual([
    '700',
    '700',
    '700',
  ]);
  expect(await modeOf('data/deep/photo')).toBe('600');
});

it('one that the database’s user may pass through stays so', async () => {
  await mkdir(join(root, 'data'));
  await chmod(join(root, 'data'), 0o710);
  await makePrivateDir(join(root, 'data'));
  expect(await modeOf('data')).toBe('710');
});
