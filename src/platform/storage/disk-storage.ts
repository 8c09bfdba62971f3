import { randomUUID } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { access, copyFile, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { makePrivateDir } from '../private-dir.js';
import { spent } from '../spent-buffers.js';
import { checkFolder, checkKey } from './keys.js';
import { type ByteRange, type Listed, NotStored, type Opened, OutOfRange, Storage, StorageFull } from './storage.js';

/** Read at once: a third less CPU per byte than Node's 64 KiB. More would be held by each client that stalls. */
const chunkBytes = 256 * 1024;

/** How often `put` makes the target's folder again after somebody removed it, empty, in between. */
const maxFolderRaces = 10;

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** Objects are files below `<root>/objects`, named by their keys; `<root>/incoming` is the staging directory. */
export class DiskStorage extends Storage {
  readonly staging: string;
  private readonly objects: string;

  private constructor(root: string) {
    super();
    this.staging = join(root, 'incoming');
    this.objects = join(root, 'objects');
  }

  static async at(root: string): Promise<DiskStorage> {
    const storage = new DiskStorage(resolve(root));
    await makePrivateDir(resolve(root));
    await makePrivateDir(storage.staging);
    await makePrivateDir(storage.objects);
    return storage;
  }

  async put(key: string, source: { path: string }): Promise<void> {
    const target = this.pathOf(key);
    try {
      await fsync(source.path);
      await this.moveInto(target, source.path);
    } catch (error) {
      if (codeOf(error) !== 'EXDEV') throw asFull(error);
      await this.copyInto(target, source.path);
    }
  }

  async open(key: string, range: ByteRange = { start: 0 }): Promise<Opened> {
    const file = await open(this.pathOf(key)).catch(missing(key));
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new NotStored(key);
      const { start } = range;
      const bytes = found.size;
      if (start > 0 && start >= bytes) throw new OutOfRange(key, bytes);
      const end = Math.min(range.end ?? bytes - 1, bytes - 1);
      // An empty object has no last byte, and createReadStream accepts no `end` of -1.
      const stream = file.createReadStream(bytes === 0 ? {} : { start, end, highWaterMark: chunkBytes });
      // It waits after each chunk until that is on its way.
      stream.on('pause', () => spent(chunkBytes));
      return { stream, bytes, modifiedAt: found.mtime, length: Math.max(0, end - start + 1) };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async stat(key: string) {
    const found = await stat(this.pathOf(key)).catch(absent);
    return found?.isFile() ? { bytes: found.size, modifiedAt: found.mtime } : null;
  }

  async addressOf(): Promise<null> {
    return null;
  }

  async delete(key: string): Promise<void> {
    const path = this.pathOf(key);
    await rm(path, { force: true });
    await this.removeEmptyFolders(dirname(path));
  }

  async deletePrefix(prefix: string): Promise<void> {
    const folder = join(this.objects, checkFolder(prefix));
    await rm(folder, { recursive: true, force: true });
    await this.removeEmptyFolders(dirname(folder));
  }

  async *list(prefix: string): AsyncGenerator<Listed> {
    const folder = join(this.objects, prefix && checkFolder(prefix));
    const entries = ((await readdir(folder, { withFileTypes: true }).catch(absent)) ?? []).map(named);
    for (const { name, isFolder } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const key = `${prefix}${name}`;
      if (isFolder) yield* this.list(key);
      else {
        const found = await this.stat(key);
        if (found) yield { key, ...found };
      }
    }
  }

  async withLocalFile<T>(key: string, _dir: string, use: (path: string) => Promise<T>): Promise<T> {
    if (!(await this.stat(key))) throw new NotStored(key);
    return use(this.pathOf(key));
  }

  async check(): Promise<void> {
    await access(this.objects, constants.W_OK);
  }

  private pathOf(key: string): string {
    return join(this.objects, checkKey(key));
  }

  private async copyInto(target: string, from: string): Promise<void> {
    const temporary = join(this.staging, `${randomUUID()}.part`);
    try {
      await copyFile(from, temporary);
      await fsync(temporary);
      await this.moveInto(target, temporary);
      await rm(from, { force: true });
    } catch (error) {
      throw asFull(error);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  private async moveInto(target: string, from: string): Promise<void> {
    const folder = dirname(target);
    for (let race = 0; ; race++) {
      await mkdir(folder, { recursive: true });
      try {
        await rename(from, target);
        return await fsyncFolders(folder, this.objects);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || race === maxFolderRaces || (await stat(from).catch(absent)) === null)
          throw error;
      }
    }
  }

  private async removeEmptyFolders(from: string): Promise<void> {
    for (let folder = from; folder !== this.objects; folder = dirname(folder)) {
      try {
        await rmdir(folder);
      } catch (error) {
        if (codeOf(error) === 'ENOTEMPTY') return;
        if (codeOf(error) !== 'ENOENT') throw error;
      }
    }
  }
}

/** Folders bear their slash, so that sorting names gives the order of whole keys. */
const named = (entry: Dirent) => ({
  name: entry.isDirectory() ? `${entry.name}/` : entry.name,
  isFolder: entry.isDirectory(),
});

async function fsync(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new name is durable once its directory is; a new directory, once its parent is. */
async function fsyncFolders(deepest: string, highest: string): Promise<void> {
  const below = relative(highest, deepest).split(sep).filter(Boolean);
  for (let depth = below.length; depth >= 0; depth--) await fsync(join(highest, ...below.slice(0, depth)));
}

const absent = (error: unknown): null => {
  if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return null;
  throw error;
};

const missing = (key: string) => (error: unknown) => {
  absent(error);
  throw new NotStored(key);
};

const asFull = (error: unknown) =>
  ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '') ? new StorageFull(error) : error;
