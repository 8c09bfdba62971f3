import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { CreateBucketCommand, DeleteBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DiskStorage } from '../../src/platform/storage/disk-storage.js';
import { BadKey, fileFolder, originalKey, renditionKey } from '../../src/platform/storage/keys.js';
import { s3Client, S3Storage } from '../../src/platform/storage/s3-storage.js';
import { type Listed, NotStored, OutOfRange, type Storage } from '../../src/platform/storage/storage.js';

interface Subject {
  storage: Storage;
  close(): Promise<void>;
}

const endpoint = process.env.VITRINE_TEST_S3;

/** Every implementation; `open` gets an empty local directory. */
const implementations: Record<string, (dir: string) => Promise<Subject>> = {
  disk: async (dir) => ({ storage: await DiskStorage.at(dir), close: async () => {} }),
  ...(endpoint && { s3: (dir: string) => openS3(endpoint, dir) }),
};

if (!endpoint) console.log('The storage contract does not run on S3: VITRINE_TEST_S3 names no endpoint.');

async function openS3(endpoint: string, dir: string): Promise<Subject> {
  const settings = {
    endpoint,
    region: 'us-east-1',
    bucket: `vitrine-test-${randomUUID()}`,
    accessKeyId: process.env.VITRINE_TEST_S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: process.env.VITRINE_TEST_S3_SECRET_ACCESS_KEY ?? '',
    forcePathStyle: true,
  };
  const admin = s3Client(settings);
  await admin.send(new CreateBucketCommand({ Bucket: settings.bucket }));
  const staging = join(dir, 'incoming');
  await mkdir(staging);
  const storage = new S3Storage(settings, staging);
  return {
    storage,
    close: async () => {
      for await (const { key } of storage.list('')) await storage.delete(key);
      await admin.send(new DeleteBucketCommand({ Bucket: settings.bucket }));
      admin.destroy();
      storage.onModuleDestroy();
    },
  };
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const otherFileSystem = '/dev/shm';
const contentType = 'application/octet-stream';

describe.each(Object.entries(implementations))('storage on %s', (_name, open) => {
  let dir: string;
  let subject: Subject;
  let storage: Storage;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vitrine-storage-'));
    subject = await open(dir);
    storage = subject.storage;
  });

  afterAll(async () => {
    await subject.close();
    await rm(dir, { recursive: true });
  });

  const staged = async (content: Buffer | string) => {
    const path = join(storage.staging, randomUUID());
    await writeFile(path, content);
    return path;
  };
  const put = async (key: string, content: Buffer | string) =>
    storage.put(key, { path: await staged(content) }, { contentType });
  const read = async (key: string, range?: { start: number; end?: number }) => {
    const opened = await storage.open(key, range);
    const content = await buffer(opened.stream);
    expect(content.length).toBe(opened.length);
    return { text: content.toString(), content, bytes: opened.bytes, modifiedAt: opened.modifiedAt };
  };
  const list = async (prefix: string) => {
    const all: Listed[] = [];
    for await (const listed of storage.list(prefix)) all.push(listed);
    return all;
  };
  const keys = async (prefix: string) => (await list(prefix)).map(({ key }) => key);
  const newKey = () => originalKey(randomUUID());

  it('has a public address of an object for some time, or none', async () => {
    const key = newKey();
    await storage.put(key, { path: await staged('hello') }, { contentType: 'text/plain' });
    const address = await storage.addressOf(key, 60);
    if (storage instanceof DiskStorage) return expect(address).toBeNull();
    const answer = await fetch(address!);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'text/plain',
      'hello',
    ]);
    expect((await fetch(address!.replace('Expires=90', 'Expires=9000'))).status).toBe(403);
  });

  it('returns what was put, and removes the local file', async () => {
    const key = newKey();
    const path = await staged('hello');
    await storage.put(key, { path }, { contentType });

    expect(await read(key)).toMatchObject({ text: 'hello', bytes: 5 });
    expect(await storage.stat(key)).toMatchObject({ bytes: 5 });
    expect(Math.abs(Date.now() - (await read(key)).modifiedAt.getTime())).toBeLessThan(60_000);
    expect(await readdir(storage.staging)).toEqual([]);
  });

  it.runIf(existsSync(otherFileSystem))('takes a file from another file system', async () => {
    const elsewhere = await mkdtemp(join(otherFileSystem, 'vitrine-storage-'));
    try {
      const key = newKey();
      await writeFile(join(elsewhere, 'file'), 'from afar');
      await storage.put(key, { path: join(elsewhere, 'file') }, { contentType });

      expect((await read(key)).text).toBe('from afar');
      expect(await readdir(elsewhere)).toEqual([]);
      expect(await readdir(storage.staging)).toEqual([]);
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it('stores zero bytes', async () => {
    const key = newKey();
    await put(key, '');

    expect(await storage.stat(key)).toMatchObject({ bytes: 0 });
    expect(await read(key)).toMatchObject({ text: '', bytes: 0 });
    expect(await read(key, { start: 0 })).toMatchObject({ text: '', bytes: 0 });
    await expect(storage.open(key, { start: 1 })).rejects.toThrow(OutOfRange);
  });

  it('stores 20 MiB unchanged', async () => {
    const key = newKey();
    const content = randomBytes(20 * 1024 * 1024);
    await put(key, content);

    const back = await read(key);
    expect(back.bytes).toBe(content.length);
    expect(sha256(back.content)).toBe(sha256(content));
    const part = await read(key, { start: 9_000_000, end: 9_000_099 });
    expect(part.content.equals(content.subarray(9_000_000, 9_000_100))).toBe(true);
  });

  it('reads ranges, both ends included', async () => {
    const key = newKey();
    await put(key, '0123456789');
    const text = async (start: number, end?: number) => (await read(key, { start, end })).text;

    expect(await text(2, 4)).toBe('234');
    expect(await text(0, 0)).toBe('0');
    expect(await text(9, 9)).toBe('9');
    expect(await text(7)).toBe('789');
    expect(await text(8, 500)).toBe('89');
    expect(await read(key, { start: 2, end: 4 })).toMatchObject({ bytes: 10 });
    await expect(storage.open(key, { start: 10 })).rejects.toMatchObject({ bytes: 10 });
    await expect(storage.open(key, { start: 10 })).rejects.toThrow(OutOfRange);
  });

  it('reports that nothing is stored', async () => {
    await put('files/a/taken', 'x');
    for (const key of [newKey(), 'files/a', 'files/a/taken/below']) {
      expect(await storage.stat(key)).toBeNull();
      await expect(storage.open(key)).rejects.toThrow(NotStored);
      await expect(storage.withLocalFile(key, dir, async () => {})).rejects.toThrow(NotStored);
    }
  });

  it('replaces an object', async () => {
    const key = newKey();
    await put(key, 'a longer first version');
    await put(key, 'second');
    expect(await read(key)).toMatchObject({ text: 'second', bytes: 6 });
  });

  it('keeps one whole object when many put the same key at once', async () => {
    const key = newKey();
    const contents = Array.from({ length: 8 }, (_, n) => String(n).repeat(100_000));
    await Promise.all(contents.map((content) => put(key, content)));
    expect(contents).toContain((await read(key)).text);
    expect(await readdir(storage.staging)).toEqual([]);
  });

  it('leaves nothing behind when the local file does not exist', async () => {
    const key = newKey();
    await expect(storage.put(key, { path: join(storage.staging, 'nowhere') }, { contentType })).rejects.toThrow(
      'ENOENT',
    );
    expect(await storage.stat(key)).toBeNull();
    expect(await readdir(storage.staging)).toEqual([]);
  });

  it('deletes, and deletes again', async () => {
    const key = newKey();
    await put(key, 'x');
    await storage.delete(key);
    await storage.delete(key);
    expect(await storage.stat(key)).toBeNull();
  });

  it('keeps putting while neighbours are deleted', async () => {
    const neighbours = Array.from({ length: 40 }, (_, n) => `files/race/${n % 2}/${n}`);
    await Promise.all(
      neighbours.map(async (key) => {
        await put(key, key);
        if (!key.endsWith('7')) await storage.delete(key);
      }),
    );
    expect(await keys('files/race/')).toEqual(neighbours.filter((key) => key.endsWith('7')).toSorted());
  });

  it('lists a folder in the order of keys', async () => {
    const id = randomUUID();
    const names = ['original', 'hls/720p.mp4', 'hls/master.m3u8', 'hls-old', 'thumb.webp'];
    for (const name of names) await put(renditionKey(id, name), name);
    await put(`${fileFolder(id).slice(0, -1)}0/original`, 'not in the folder');

    const expected = ['hls-old', 'hls/720p.mp4', 'hls/master.m3u8', 'original', 'thumb.webp'];
    expect(await keys(fileFolder(id))).toEqual(expected.map((name) => `${fileFolder(id)}${name}`));
    const [first] = await list(fileFolder(id));
    expect(first).toMatchObject({ bytes: 'hls-old'.length, modifiedAt: expect.any(Date) });
    expect(await keys('')).toEqual(expect.arrayContaining(await keys(fileFolder(id))));
    expect(await keys('files/none/')).toEqual([]);
  });

  it('deletes a folder but not its neighbour', async () => {
    await put('files/p/1/original', 'x');
    await put('files/p/1/hls/a.mp4', 'x');
    await put('files/p/12/original', 'x');
    await storage.deletePrefix('files/p/1/');
    await storage.deletePrefix('files/p/1/');
    expect(await keys('files/p/')).toEqual(['files/p/12/original']);
    await expect(storage.deletePrefix('files/p/1')).rejects.toThrow(BadKey);
    await expect(storage.deletePrefix('')).rejects.toThrow(BadKey);
  });

  it('provides a local file for the duration of a call', async () => {
    const key = newKey();
    await put(key, 'local');
    const workspace = await mkdtemp(join(dir, 'work-'));

    const answer = await storage.withLocalFile(key, workspace, async (path) => {
      expect(await readFile(path, 'utf8')).toBe('local');
      return 42;
    });
    expect(answer).toBe(42);
    await expect(storage.withLocalFile(key, workspace, () => Promise.reject(new Error('used badly')))).rejects.toThrow(
      'used badly',
    );
    expect(await readdir(workspace)).toEqual([]);
    expect((await read(key)).text).toBe('local');
  });

  it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', 'a/./b', 'a\0b', 'a\\b', 'a b', 'é', '.a', 'x'.repeat(300)])(
    'refuses the key %j',
    async (key) => {
      const path = await staged('x');
      await expect(storage.put(key, { path }, { contentType })).rejects.toThrow(BadKey);
      await expect(storage.open(key)).rejects.toThrow(BadKey);
      await expect(storage.stat(key)).rejects.toThrow(BadKey);
      await expect(storage.delete(key)).rejects.toThrow(BadKey);
      await expect(storage.withLocalFile(key, dir, async () => {})).rejects.toThrow(BadKey);
      expect(await readFile(path, 'utf8')).toBe('x');
      await rm(path);
    },
  );

  it('is ready', async () => {
    await storage.check();
  });

  it('serves others while sixty readers stall', async () => {
    const key = originalKey(randomUUID());
    const path = join(storage.staging, randomUUID());
    const bytes = randomBytes(8 * 1024 * 1024);
    await writeFile(path, bytes);
    await storage.put(key, { path }, { contentType });
    const stalled = await Promise.all(Array.from({ length: 60 }, () => storage.open(key)));
    const { stream } = await storage.open(key);
    expect(sha256(await buffer(stream))).toBe(sha256(bytes));
    for (const { stream: reader } of stalled) {
      reader.on('error', () => {}); // S3 says that it was broken off.
      reader.destroy();
    }
    await storage.delete(key);
  });
});
