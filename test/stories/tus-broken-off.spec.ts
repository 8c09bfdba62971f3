import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../setup/client.js';
import { rawStatus } from '../setup/raw-request.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

const tus = { 'tus-resumable': '1.0.0' };
const newUpload = { 'upload-length': '10', 'upload-metadata': 'filename YS5iaW4=,kind ZmlsZQ==' };
let vitrine: Vitrine;
let ada: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  ada = await vitrine.signUp();
});
afterAll(() => vitrine.stop());

async function create(): Promise<string> {
  const { headers } = await ada.send('POST', '/api/uploads', undefined, { ...tus, ...newUpload }).expect(201);
  return headers.get('location')!;
}
const patch = (location: string, offset: number, bytes: Buffer) =>
  ada
    .send('PATCH', location, bytes, {
      ...tus,
      'content-type': 'application/offset+octet-stream',
      'upload-offset': String(offset),
    })
    .expect(204);
const head = (location: string) => ada.send('HEAD', location, undefined, tus).expect(200);

/** Head of a request with a chunked body, so that nothing declares its length. */
const chunkedHead = (method: string, path: string, headers: Record<string, string>) => [
  `${method} ${path} HTTP/1.1`,
  ...Object.entries({
    ...ada.credentials,
    ...tus,
    'content-type': 'application/offset+octet-stream',
    'transfer-encoding': 'chunked',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`),
];
const chunk = (size: number) => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;
const lastChunk = '0\r\n\r\n';

describe('a body larger than the upload', () => {
  const tooMuch = { body: chunk(20) + lastChunk };
  it.each([
    ['at once', 0, tooMuch, {}],
    ['at once, with a checksum', 0, tooMuch, { 'upload-checksum': 'sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }],
    ['at once, where others have come before', 2, tooMuch, {}],
    ['a second after its first bytes', 0, { body: chunk(4), drip: chunk(16) + lastChunk }, {}],
  ])('%s is refused, and the upload continues', async (_, offset, bytes, headers) => {
    const location = await create();
    if (offset) await patch(location, 0, Buffer.alloc(offset));
    const begun = chunkedHead('PATCH', location, { 'upload-offset': String(offset), ...headers });
    expect(await rawStatus(vitrine.origin, { head: begun, ...bytes })).toBe(413);
    const where = Number((await head(location)).headers.get('upload-offset'));
    const last = await patch(location, where, Buffer.alloc(10 - where));
    expect(last.headers.get('vitrine-file')).toBeTruthy();
  });

  it('is refused with a creation, too', async () => {
    const begun = chunkedHead('POST', '/api/uploads', newUpload);
    expect(await rawStatus(vitrine.origin, { head: begun, ...tooMuch })).toBe(413);
  });
});

describe('a writer', () => {
  it('that is aborted leaves neither a lock nor an open file', async () => {
    const locations = await Promise.all(Array.from({ length: 40 }, () => create()));
    await Promise.all(
      locations.map(async (location, n) => {
        const begun = chunkedHead('PATCH', location, { 'upload-offset': '0' });
        await rawStatus(vitrine.origin, { head: begun }, (n * 50) / locations.length);
      }),
    );
    const stays = async (found: Promise<unknown[]>[]) => (await Promise.all(found)).flat().length === 0;
    await until(() => stays(locations.map(writersOf)), 'the locks to be released', 10_000);
    await until(() => stays(locations.map(handlesOn)), 'the files to be closed', 10_000);
  });

  it('whose upload is deleted is stopped', async () => {
    const location = await create();
    const begun = chunkedHead('PATCH', location, { 'upload-offset': '0' });
    const answer = rawStatus(vitrine.origin, { head: begun, body: chunk(4) }, 60_000);
    await until(async () => (await handlesOn(location)).length === 1, 'the writer to begin');
    await vitrine.db.query('delete from uploads where id = $1', [idOf(location)]);
    await until(async () => (await handlesOn(location)).length === 0, 'the file to be closed', 30_000);
    expect(await answer).toBeGreaterThan(0);
  });
});

const idOf = (location: string) => location.split('/').at(-1)!;

/** Who has the lease of an upload. */
async function writersOf(location: string): Promise<string[]> {
  const { rows } = await vitrine.db.query('select writer from uploads where id = $1 and writer is not null', [
    idOf(location),
  ]);
  return rows;
}

/** Files of an upload that the API has open. */
async function handlesOn(location: string): Promise<string[]> {
  const folder = `/proc/${vitrine.processes.get('api')!.pid!}/fd`;
  // A descriptor closed meanwhile has no target.
  const targets = await Promise.all((await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')));
  return targets.filter((target) => target.includes(idOf(location)));
}
