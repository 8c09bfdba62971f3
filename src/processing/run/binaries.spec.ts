import { access, chmod, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { resolveBinaries } from './binaries.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'binaries-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

it('finds both, executable', async () => {
  const { ffmpeg, ffprobe } = await resolveBinaries();
  await access(ffmpeg, constants.X_OK);
  await access(ffprobe, constants.X_OK);
});

it('prefers the given path, and fails if it is not executable', async () => {
  const mine = path.join(dir, 'ffmpeg');
  await writeFile(mine, '#!/bin/sh\n');
  await expect(resolveBinaries({ ffmpegPath: mine })).rejects.toThrow('not an executable file');
  await chmod(mine, 0o755);
  expect((await resolveBinaries({ ffmpegPath: mine })).ffmpeg).toBe(mine);
});
