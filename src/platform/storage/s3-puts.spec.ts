import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { S3Storage } from './s3-storage.js';

/** Answers like S3, slowly, and counts what it is sent at once. */
let server: Server;
let storage: S3Storage;
let dir: string;
const seen = { now: 0, most: 0, stored: 0 };
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 's3-puts-'));
  server = createServer((request, response) => {
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    request.resume().once('end', () => {
      void sleep(20).then(() => {
        seen.now -= 1;
        seen.stored += 1;
        response.writeHead(200, { etag: '"1"' }).end();
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  storage = new S3Storage(
    {
      ...{ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', bucket: 'bucket', forcePathStyle: true },
      ...{ accessKeyId: 'key', secretAccessKey: 'secret' },
    },
    dir,
  );
});
afterAll(async () => {
  storage.onModuleDestroy();
  server.close();
  await rm(dir, { recursive: true });
});

it('stores a few objects at once, however many are put: each takes memory', async () => {
  const files = Array.from({ length: 60 }, (_, i) => ({ key: `files/a/${i}`, path: join(dir, String(i)) }));
  for (const { path } of files) await writeFile(path, randomBytes(1_000));
  await Promise.all(files.map(({ key, path }) => storage.put(key, { path }, { contentType: 'text/plain' })));
  expect(seen).toEqual({ now: 0, most: 8, stored: 60 });
});
