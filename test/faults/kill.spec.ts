import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../setup/client.js';
import { picture, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

const media = 'image,video,audio';
let vitrine: Vitrine;
let ada: Client;
let long: Buffer;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  ada = await vitrine.signUp();
  long = await video('1280x720', 20);
});
afterAll(() => vitrine.stop());

/** Processes whose command line names the data directory: ffmpeg at work. */
async function encoders(): Promise<number[]> {
  const pids: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    const cwd = await readlink(`/proc/${entry}/cwd`).catch(() => '');
    if (command.includes('ffmpeg') && (command.includes(vitrine.dataDir) || cwd.startsWith(vitrine.dataDir)))
      pids.push(Number(entry));
  }
  return pids;
}

const row = async (url: string) => (await vitrine.db.query('select * from files where url = $1', [url])).rows[0];

/** What is stored for a file is exactly what its rows say, in number and size, and nothing else. */
async function expectExactlyOneSet(url: string) {
  const { id, source_key } = await row(url);
  const { rows } = await vitrine.db.query(
    'select role, name, mime_type, key, bytes from renditions where file_id = $1',
    [id],
  );
  expect(new Set(rows.map(({ role, name, mime_type }) => `${role} ${name} ${mime_type}`)).size).toBe(rows.length);
  const stored = async () =>
    (await vitrine.stored('storage/objects'))
      .filter((path) => path.includes(id))
      .map((path) => path.split('/objects/')[1]!);
  const known = [source_key, ...rows.map(({ key }) => key as string)];
  // Leftovers of the dead run are deleted right after the commit that makes the file ready.
  await until(async () => (await stored()).length <= known.length, 'what is left over to be gone', 10_000);
  expect((await stored()).toSorted()).toEqual(known.toSorted());
  await until(async () => (await vitrine.stored('work')).length === 0, 'the workspaces to be gone');
}

describe('kill -9 of the worker in the middle of a transcode', () => {
  it('takes ffmpeg along, and the next worker finishes the file, once', async () => {
    const { body: file } = await ada.upload('video', long).expect(202);
    await until(async () => (await encoders()).length > 0, 'ffmpeg to run', 20_000, 20);
    await until(async () => (await row(file.url)).progress > 0, 'some progress');
    await vitrine.end(media, 'SIGKILL');
    await until(async () => (await encoders()).length === 0, 'ffmpeg to be gone', 5_000);
    expect((await row(file.url)).status).toBe('processing');

    vitrine.startWorker(media);
    expect(await ada.settled(file.url, 120_000)).toMatchObject({ status: 'ready', progress: 1 });
    expect((await row(file.url)).attempts).toBe(2);
    await expectExactlyOneSet(file.url);
  }, 180_000);
});

describe('SIGTERM to the worker in the middle of a transcode', () => {
  it('returns the job without counting an attempt', async () => {
    const { body: file } = await ada.upload('video', await video('1280x720', 25)).expect(202);
    await until(async () => (await encoders()).length > 0, 'ffmpeg to run', 20_000, 20);
    expect(await vitrine.end(media, 'SIGTERM')).toBe(0);
    expect(await encoders()).toEqual([]);
    const stopped = await row(file.url);
    if (stopped.status === 'processing') expect(stopped.attempts).toBe(0);
    vitrine.startWorker(media);
    expect(await ada.settled(file.url, 120_000)).toMatchObject({ status: 'ready' });
    await expectExactlyOneSet(file.url);
  }, 180_000);
});

describe('kill -9 of the API', () => {
  it('loses nothing that was acknowledged', async () => {
    const pictures = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        picture(200 + i, 120)
          .png()
          .toBuffer(),
      ),
    );
    const acknowledged: string[] = [];
    const sending = pictures.map((bytes) =>
      ada.upload('photo', bytes).then(
        ({ status, body }) => void (status === 202 && acknowledged.push(body.url)),
        () => undefined,
      ),
    );
    await until(async () => acknowledged.length >= 2, 'the first answers', 20_000, 1);
    await vitrine.end('api', 'SIGKILL');
    await Promise.all(sending);
    await vitrine.startApi();
    expect(acknowledged.length).toBeGreaterThanOrEqual(2);
    for (const url of acknowledged) {
      expect(await ada.settled(url)).toMatchObject({ status: 'ready' });
      await expectExactlyOneSet(url);
    }
    // Unacknowledged uploads left no file without a row, once the sweeper has run.
    await vitrine.db.query(`update uploads set expires_at = now() where state = 'open'`);
    await until(
      async () => (await vitrine.db.query(`select 1 from uploads where state = 'open'`)).rowCount === 0,
      'the sweeper',
      90_000,
    );
    const { rows } = await vitrine.db.query<{ id: string }>('select id from files');
    const strays = (await vitrine.stored('storage')).filter((path) => !rows.some(({ id }) => path.includes(id)));
    expect(strays).toEqual([]);
  }, 150_000);

  it('right after the last byte of a resumable upload still makes its file', async () => {
    const bytes = await picture(345, 123).png().toBuffer();
    const tus = {
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'upload-metadata': `kind ${Buffer.from('photo').toString('base64')}`,
    };
    const { headers } = await ada.send('POST', '/api/uploads', undefined, tus).expect(201);
    const location = headers.get('location')!;
    // The state between the last byte and the answer, as a dead process leaves it.
    await vitrine.end('api', 'SIGKILL');
    await writeFile(join(vitrine.dataDir, 'storage/incoming/tus', location.split('/').at(-1)!), bytes);
    await vitrine.startApi();
    const answer = await ada.send('HEAD', location, undefined, { 'tus-resumable': '1.0.0' }).expect(200);
    expect(await ada.settled(answer.headers.get('vitrine-file')!)).toMatchObject({
      status: 'ready',
      bytes: bytes.length,
    });
    expect(existsSync(join(vitrine.dataDir, 'storage/incoming/tus', location.split('/').at(-1)!))).toBe(false);
  });
});

describe('an emptied queue', () => {
  it('is filled again from the rows', async () => {
    await vitrine.end(media, 'SIGTERM');
    const { body: file } = await ada.upload('photo', await picture(400, 111).png().toBuffer()).expect(202);
    await until(
      async () =>
        (await vitrine.db.query(`select 1 from bullmq.job where name = 'photo.derive' and state = 'waiting'`)).rowCount,
      'the job',
    );
    await vitrine.db.query(`delete from bullmq.job where name = 'photo.derive'`);
    await vitrine.db.query(`update files set updated_at = now() - interval '10 minutes' where url = $1`, [file.url]);
    vitrine.startWorker(media);
    expect(await ada.settled(file.url, 60_000)).toMatchObject({ status: 'ready' });
    expect((await row(file.url)).runs).toBe(1);
  }, 90_000);
});

describe('a file that kills its worker each time', () => {
  it('is given up, and others go on', async () => {
    const { body: file } = await ada.upload('photo', await picture(401, 111).png().toBuffer()).expect(202);
    await ada.settled(file.url);
    await vitrine.db.query(`delete from renditions where file_id = (select id from files where url = $1)`, [file.url]);
    await vitrine.db.query(
      `update files set status = 'processing', playable = false, attempts = 6, runs = runs + 1, heartbeat_at = now() - interval '10 minutes' where url = $1`,
      [file.url],
    );
    expect(await ada.settled(file.url, 60_000)).toMatchObject({ status: 'failed', failure: { code: 'internal' } });
    const { body: next } = await ada.upload('photo', await picture(402, 111).png().toBuffer()).expect(202);
    expect(await ada.settled(next.url)).toMatchObject({ status: 'ready' });
  }, 90_000);
});
