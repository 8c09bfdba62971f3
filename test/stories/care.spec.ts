import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
let vitrine: Vitrine;
let ada: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start({ env: { UNUSED_FILE_MS: '2000' } });
  ada = await vitrine.signUp();
});
afterAll(() => vitrine.stop());

const env = () => ({ ...process.env, DATABASE_URL: vitrine.databaseUrl, DATA_DIR: vitrine.dataDir });

async function integrity(): Promise<{ code: number; lines: string; findings: Json[] }> {
  const { stdout, code } = await promisify(execFile)(process.execPath, [cli, 'integrity'], { env: env() }).then(
    (good) => ({ stdout: good.stdout, code: 0 }),
    (error: { stdout: string; code: number }) => error,
  );
  const findings = stdout.split('\n').filter(Boolean);
  return { code, lines: stdout, findings: findings.map((line) => JSON.parse(line) as Json) };
}

async function prune(lines: string): Promise<string> {
  const child = spawn(process.execPath, [cli, 'prune'], { env: env(), stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.end(lines);
  await once(child, 'exit');
  return said;
}

const objects = (key: string) => join(vitrine.dataDir, 'storage/objects', key);

describe('vitrine integrity', () => {
  it('finds nothing if all is well', async () => {
    await ada.publish('photo', await picture(300, 200).jpeg().toBuffer());
    expect(await integrity()).toMatchObject({ code: 0, findings: [] });
  });

  it('reports missing, damaged and untracked bytes, and prune deletes the untracked ones after checking again', async () => {
    const media = await ada.publish('photo', await picture(301, 200).jpeg().toBuffer());
    const { rows } = await vitrine.db.query(
      'select r.key, f.id from renditions r join files f on f.id = r.file_id where f.url = $1 order by r.key',
      [media.files[0].url],
    );
    const [missing, damaged] = rows.map(({ key }) => key as string) as [string, string];
    await rm(objects(missing));
    await appendFile(objects(damaged), 'x');
    const old = new Date(Date.now() - 7 * 3_600_000);
    const stray = 'files/aa/01990000-0000-7000-8000-0000000000aa/original';
    const young = 'files/ab/01990000-0000-7000-8000-0000000000ab/original';
    for (const key of [stray, young]) {
      await mkdir(dirname(objects(key)), { recursive: true });
      await writeFile(objects(key), 'stray');
    }
    await utimes(objects(stray), old, old);

    const { code, lines, findings } = await integrity();
    expect(code).toBe(1);
    expect(findings).toHaveLength(3);
    expect(findings).toEqual(
      expect.arrayContaining([
        { kind: 'missing', key: missing, fileId: rows[0].id, expectedBytes: expect.any(Number) },
        {
          kind: 'damaged',
          key: damaged,
          fileId: rows[0].id,
          expectedBytes: expect.any(Number),
          bytes: expect.any(Number),
        },
        { kind: 'untracked', key: stray, bytes: 5 },
      ]),
    );
    // Whatever the list says: tracked and young objects stay.
    const lying = [damaged, young].map((key) => JSON.stringify({ kind: 'untracked', key })).join('\n');
    expect(await prune(`${lines}${lying}\n`)).toContain('1 deleted');
    expect((await integrity()).findings.map(({ kind }) => kind).toSorted()).toEqual(['damaged', 'missing']);
  });
});

describe('vitrine reprocess', () => {
  const reprocess = async (...args: string[]) =>
    (await promisify(execFile)(process.execPath, [cli, 'reprocess', ...args], { env: env() })).stdout;

  it('reprocesses a file while the old renditions stay, at addresses of its own', async () => {
    const media = await ada.publish('photo', await picture(310, 200).jpeg().toBuffer());
    const { url } = media.files[0];
    await vitrine.db.query('update files set pipeline = 0 where url = $1', [url]);
    expect(await reprocess('--outdated', '--dry-run')).toBe(`photo ${url}\n`);
    expect(await reprocess('--outdated')).toBe(`photo ${url}\n`);
    expect(await reprocess('--outdated')).toBe('');
    const hrefs = (m: Json): string[] => m.files[0].renditions.map(({ href }: Json) => href);
    const reprocessed = await until(async () => {
      const { body } = await ada.get(`/api/medias/${media.url}`).expect(200);
      expect(body.status).toBe('ready');
      for (const href of hrefs(body)) await ada.get(href).expect(200);
      return hrefs(body)[0] !== hrefs(media)[0] && body;
    }, 'the new renditions');
    expect(hrefs(reprocessed)).toHaveLength(hrefs(media).length);
    expect(hrefs(reprocessed).filter((href) => hrefs(media).includes(href))).toEqual([]);
    const { rows } = await vitrine.db.query('select redo, pipeline, status from files where url = $1', [url]);
    expect(rows).toEqual([
      { redo: false, pipeline: expect.toSatisfy((version: number) => version > 0), status: 'ready' },
    ]);
  });

  it('requires a selection', async () => {
    await expect(reprocess()).rejects.toThrow('Choose files');
  });
});

describe('a file that nothing shows', () => {
  it('is deleted when it expires, with its bytes and its quota; one that is shown stays', async () => {
    const shown = await ada.publish('photo', await picture(302, 200).png().toBuffer());
    const { body: unused } = await ada.upload('photo', await picture(303, 200).png().toBuffer()).expect(202);
    await ada.settled(unused.url);
    const { rows } = await vitrine.db.query('select id from files where url = $1', [unused.url]);
    await until(
      async () => Date.now() - Date.parse((await ada.get(`/api/files/${unused.url}`)).body.createdAt) > 2_100,
      'its time',
    );
    await vitrine.doNow('files.expire');
    await until(async () => (await ada.get(`/api/files/${unused.url}`)).status === 404, 'the file to go');
    await until(async () => !(await vitrine.stored()).some((path) => path.includes(rows[0].id)), 'its bytes to go');
    await ada.get(`/api/medias/${shown.url}`).expect(200);
    const { rows: sums } = await vitrine.db.query(
      'select u.storage_bytes::int as counted, (select coalesce(sum(bytes), 0)::int from files f where f.owner_id = u.id) as real from users u',
    );
    expect(sums[0].counted).toBe(sums[0].real);
  });
});
