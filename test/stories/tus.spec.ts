import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Upload } from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../setup/client.js';
import { picture, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

const MiB = 1024 * 1024;
const tus = { 'tus-resumable': '1.0.0' };
let vitrine: Vitrine;
let ada: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start({ env: { FILE_MAX_BYTES: String(400 * MiB) } });
  ada = await vitrine.signUp();
});
afterAll(() => vitrine.stop());

const metadata = (filename: string, kind: string) =>
  `filename ${Buffer.from(filename).toString('base64')},kind ${Buffer.from(kind).toString('base64')}`;

async function create(length: number, kind: string, client = ada): Promise<string> {
  const { headers } = await client
    .send('POST', '/api/uploads', undefined, {
      ...tus,
      'upload-length': String(length),
      'upload-metadata': metadata('a.bin', kind),
    })
    .expect(201);
  expect(headers.get('upload-expires')).toBeTruthy();
  return headers.get('location')!;
}
const patch = (location: string, offset: number, bytes: Buffer, more: Record<string, string> = {}, client = ada) =>
  client.send('PATCH', location, bytes, {
    ...tus,
    'content-type': 'application/offset+octet-stream',
    'upload-offset': String(offset),
    ...more,
  });
const head = (location: string, client = ada) => client.send('HEAD', location, undefined, tus);

describe('a resumable upload', () => {
  it('says when to try again', async () => {
    const location = await create(4, 'file');
    const other = `writer = gen_random_uuid(), writer_until = now() + interval '1 minute'`;
    await vitrine.db.query(`update uploads set ${other} where id = $1`, [location.split('/').at(-1)]);
    const { headers } = await patch(location, 0, Buffer.from('late')).expect(423);
    expect(headers.get('retry-after')).toBe('5');
  });

  it('announces what the server can do', async () => {
    const named = { 'x-request-id': 'of-the-client' };
    const { headers, status } = await vitrine.client().send('OPTIONS', '/api/uploads', undefined, named);
    expect(status).toBe(204);
    expect(headers.get('x-request-id')).toBe('of-the-client');
    expect(headers.get('tus-version')).toBe('1.0.0');
    expect(headers.get('tus-extension')!.split(',').toSorted()).toEqual([
      'checksum',
      'creation',
      'creation-with-upload',
      'expiration',
      'termination',
    ]);
    expect(headers.get('tus-checksum-algorithm')).toBe('sha1,sha256,md5');
  });

  it('continues where it stopped, and becomes a file', async () => {
    const bytes = await video('320x180', 2);
    const location = await create(bytes.length, 'video');
    const middle = bytes.length >> 1;
    const first = await patch(location, 0, bytes.subarray(0, middle)).expect(204);
    expect(first.headers.get('upload-offset')).toBe(String(middle));
    const where = await head(location).expect(200);
    expect([
      where.headers.get('upload-offset'),
      where.headers.get('upload-length'),
      where.headers.get('vitrine-file'),
    ]).toEqual([String(middle), String(bytes.length), null]);
    const last = await patch(location, middle, bytes.subarray(middle)).expect(204);
    const url = last.headers.get('vitrine-file')!;
    expect(await ada.settled(url)).toMatchObject({
      status: 'ready',
      kind: 'video',
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    // A client that lost that answer can ask again.
    const after = await head(location).expect(200);
    expect([after.headers.get('upload-offset'), after.headers.get('vitrine-file')]).toEqual([
      String(bytes.length),
      url,
    ]);
    await ada.send('DELETE', location, undefined, tus).expect(409, 'upload_finished');
  });

  it('may send everything with its creation', async () => {
    const bytes = await picture(222, 111).png().toBuffer();
    const { headers } = await ada
      .send('POST', '/api/uploads', bytes, {
        ...tus,
        'upload-length': String(bytes.length),
        'upload-metadata': metadata('p.png', 'photo'),
        'content-type': 'application/offset+octet-stream',
      })
      .expect(201);
    expect(await ada.settled(headers.get('vitrine-file')!)).toMatchObject({ status: 'ready', filename: 'p.png' });
  });

  it('is closed to other users', async () => {
    const location = await create(100, 'file');
    const eve = await vitrine.signUp();
    expect((await head(location, eve)).status).toBe(404);
    await patch(location, 0, Buffer.alloc(10), {}, eve).expect(404, 'upload_not_found');
    await eve.send('DELETE', location, undefined, tus).expect(404);
    await vitrine.client().send('HEAD', location, undefined, tus).expect(401);
    expect((await head(location)).headers.get('upload-offset')).toBe('0');
  });

  it('accepts only what matches its checksum', async () => {
    const bytes = randomBytes(5_000);
    const location = await create(bytes.length, 'file');
    const sum = (part: Buffer) => ({ 'upload-checksum': `sha1 ${createHash('sha1').update(part).digest('base64')}` });
    await patch(location, 0, bytes.subarray(0, 1_000), sum(bytes.subarray(1))).expect(460, 'upload_checksum_mismatch');
    expect((await head(location)).headers.get('upload-offset')).toBe('0');
    await patch(location, 0, bytes.subarray(0, 1_000), sum(bytes.subarray(0, 1_000))).expect(204);
    await patch(location, 1_000, bytes.subarray(1_000), { 'upload-checksum': 'crc32 AAAA' }).expect(400);
    const { headers } = await patch(location, 1_000, bytes.subarray(1_000), sum(bytes.subarray(1_000))).expect(204);
    expect(headers.get('vitrine-file')).toBeTruthy();
  });

  it('refuses wrong offsets, lengths, kinds and versions', async () => {
    const location = await create(1_000, 'file');
    await patch(location, 5, Buffer.alloc(5)).expect(409, 'upload_offset_conflict');
    await patch(location, 0, Buffer.alloc(2_000)).expect(413, 'too_large');
    const begin = (headers: Record<string, string>) =>
      ada.send('POST', '/api/uploads', undefined, { ...tus, 'upload-metadata': metadata('x', 'file'), ...headers });
    await begin({ 'upload-length': '-1' }).expect(400);
    await begin({ 'upload-length': '1000000000000000000' }).expect(413, 'too_large');
    await begin({ 'upload-length': '0' }).expect(422, 'content_refused');
    await begin({}).expect(400);
    await begin({ 'upload-defer-length': '1' }).expect(501, 'not_supported');
    await begin({ 'upload-length': '10', 'upload-metadata': metadata('x', 'virus') }).expect(422, 'validation_failed');
    await ada.send('POST', '/api/uploads', undefined, { 'upload-length': '10' }).expect(412, 'precondition_failed');
  });

  it('refunds its quota when it is cancelled', async () => {
    const used = async () => (await ada.get('/api/users/me/limits').expect(200)).body.total.usedBytes;
    const before = await used();
    const location = await create(3 * MiB, 'file');
    expect(await used()).toBe(before + 3 * MiB);
    await ada.send('DELETE', location, undefined, tus).expect(204);
    expect((await head(location)).status).toBe(404);
    expect(await used()).toBe(before);
  });

  it('refused for its content is deleted, with a reason', async () => {
    const text = Buffer.from('#EXTM3U\nhttp://127.0.0.1/secret\n');
    const location = await create(text.length, 'video');
    const { body } = await patch(location, 0, text).expect(415, 'unsupported_media_type');
    expect(body).toMatchObject({ reason: 'type_not_allowed', detail: expect.any(String) });
  });

  it('written by two at once stays intact', async () => {
    const bytes = randomBytes(2 * MiB);
    const location = await create(bytes.length, 'file');
    const answers = await Promise.all([patch(location, 0, bytes), patch(location, 0, bytes)]);
    expect(answers.map(({ status }) => status).filter((status) => status < 300).length).toBeLessThanOrEqual(1);
    for (const { status } of answers) expect([204, 409, 423]).toContain(status);
    const where = await head(location).expect(200);
    const offset = Number(where.headers.get('upload-offset'));
    if (offset < bytes.length) await patch(location, offset, bytes.subarray(offset)).expect(204);
    const url = await until(async () => (await head(location)).headers.get('vitrine-file'), 'the file');
    expect((await ada.get(`/api/files/${url}`).expect(200)).body.sha256).toBe(
      createHash('sha256').update(bytes).digest('hex'),
    );
  });
});

describe('tus-js-client, unmodified', () => {
  it('transfers 300 MiB over a connection that is cut three times, and the API does not grow', async () => {
    const size = 300 * MiB;
    const path = join(vitrine.dataDir, 'large.bin');
    const sha256 = await writeNoise(path, size);
    const proxy = await startProxy(Number(new URL(vitrine.origin).port), [60 * MiB, 70 * MiB, 80 * MiB]);
    const pid = vitrine.processes.get('api')!.pid!;
    const idle = await residentBytes(pid);
    let peak = idle;
    const watch = setInterval(() => void residentBytes(pid).then((now) => (peak = Math.max(peak, now))), 50);
    try {
      const url = await new Promise<string>((resolve, reject) => {
        let fileUrl = '';
        new Upload(createReadStream(path), {
          endpoint: `http://127.0.0.1:${proxy.port}/api/uploads`,
          headers: ada.credentials,
          metadata: { filename: 'large.bin', kind: 'file' },
          chunkSize: 50 * MiB,
          uploadSize: size,
          retryDelays: [0, 200, 500, 1_000, 2_000],
          onAfterResponse: (_request, response) => {
            fileUrl = response.getHeader('Vitrine-File') ?? fileUrl;
          },
          onError: reject,
          onSuccess: () => resolve(fileUrl),
        }).start();
      });
      expect(proxy.cuts()).toBe(3);
      expect((await ada.get(`/api/files/${url}`).expect(200)).body).toMatchObject({
        status: 'ready',
        bytes: size,
        sha256,
      });
      const { rows } = await vitrine.db.query('select source_key from files where url = $1', [url]);
      expect(await hashOfFile(join(vitrine.dataDir, 'storage/objects', rows[0].source_key))).toBe(sha256);
      expect((peak - idle) / MiB).toBeLessThan(64);
    } finally {
      clearInterval(watch);
      proxy.close();
    }
  }, 180_000);
});

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  // A dying process has none.
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

async function writeNoise(path: string, size: number): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  for (let written = 0; written < size; written += MiB) {
    const chunk = randomBytes(MiB);
    hash.update(chunk);
    await file.write(chunk);
  }
  await file.close();
  return hash.digest('hex');
}

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Forwards bytes, and cuts the connection after each of the given amounts. */
async function startProxy(
  target: number,
  after: number[],
): Promise<{ port: number; cuts: () => number; close: () => void }> {
  let cuts = 0;
  let passed = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((inside) => {
    const outside = createConnection(target, '127.0.0.1');
    for (const socket of [inside, outside]) {
      sockets.add(socket);
      socket
        .on('error', () => socket.destroy())
        .on('close', () => {
          sockets.delete(socket);
          inside.destroy();
          outside.destroy();
        });
    }
    inside.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      if (cuts < after.length && passed > after[cuts]!) {
        cuts += 1;
        passed = 0;
        inside.resetAndDestroy();
        outside.resetAndDestroy();
      }
    });
    inside.pipe(outside);
    outside.pipe(inside);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    cuts: () => cuts,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
