import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { reapWorkspaces, withWorkspace } from './workspace.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'workspaces-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it('gives a private directory and removes it with all its content', async () => {
  const inside = await withWorkspace(root, 'video 1', async (dir) => {
    await writeFile(path.join(dir, 'half.mp4'), 'x');
    expect((await stat(dir)).mode & 0o077).toBe(0);
    return dir;
  });
  expect(path.dirname(inside)).toBe(root);
  expect(await readdir(root)).toEqual([]);
});

it('removes it when the work fails', async () => {
  await expect(withWorkspace(root, 'x', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await readdir(root)).toEqual([]);
});

it('leaves the workspaces of live processes alone', async () => {
  await withWorkspace(root, 'alive', async (dir) => {
    expect(await reapWorkspaces(root)).toEqual({ removed: [], killed: [] });
    await stat(dir);
  });
});

it('leaves other folders alone', async () => {
  await writeFile(path.join(root, 'note.txt'), 'mine');
  await reapWorkspaces(root);
  expect(await readdir(root)).toEqual(['note.txt']);
});

it.runIf(process.platform === 'linux')(
  'removes those of dead processes, and kills what still runs in them',
  async () => {
    const ours = await withWorkspace(root, 'job', async (dir) => path.basename(dir));
    // Our own process id, but with another start time: a reused id.
    const [name, host, pid, start, random] = ours.split('~');
    const left = path.join(root, [name, host, pid, `${start}0`, random].join('~'));
    await mkdir(path.join(left, 'out'), { recursive: true });
    const child = spawn('sleep', ['60'], { cwd: path.join(left, 'out'), detached: true, stdio: 'ignore' });
    await once(child, 'spawn');
    const exit = once(child, 'exit');

    const reaped = await reapWorkspaces(root);

    expect(reaped.killed).toEqual([child.pid]);
    expect(reaped.removed).toHaveLength(1);
    expect(await exit).toEqual([null, 'SIGKILL']);
    expect(await readdir(root)).toEqual([]);
  },
);

it('removes the workspace of another host only if it is old', async () => {
  const dir = path.join(root, 'job~elsewhere~1~1~abc');
  await mkdir(dir);
  await reapWorkspaces(root);
  expect(await readdir(root)).toHaveLength(1);
  const longAgo = new Date(Date.now() - 72 * 3600_000);
  await utimes(dir, longAgo, longAgo);
  await reapWorkspaces(root);
  expect(await readdir(root)).toEqual([]);
});

it('does nothing if there is no root yet', async () => {
  expect(await reapWorkspaces(path.join(root, 'none'))).toEqual({ removed: [], killed: [] });
});
