import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Json } from '../setup/client.js';
import { until } from '../setup/until.js';
import { mailsTo, Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;

const currentPassword = 'correct horse battery';
/** More than the buffers between the archive and a client that does not read hold. */
const copies = 20;
const longMusics = 400;

let vitrine: Vitrine;
let twin: string;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  twin = await vitrine.startTwin('twin');
});
afterAll(() => vitrine.stop());

/** An account with one uploaded photo, of some megabytes with a side of 900, and rows for as many others of its bytes. */
async function withFiles(number: number, side = 900): Promise<Account> {
  const owner = await vitrine.signUp();
  const [width, height] = [side, side];
  const noise = sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } });
  const { body: file } = await owner.upload('photo', await noise.png().toBuffer()).expect(202);
  await owner.settled(file.url);
  await vitrine.db.query(
    `insert into files (url, owner_id, kind, status, bytes, sha256, filename, source_key, mime_type)
     select 'copy' || left(md5($1 || i), 12), owner_id, kind, status, bytes, lpad(i::text, 64, '0'), filename, source_key, mime_type
     from files, generate_series(1, $2::int) i where url = $1`,
    [file.url, number],
  );
  return owner;
}

async function linkFor(account: Account, number = 1): Promise<string> {
  await account.get('/api/users/me/export').expect(202);
  const mails = await until(async () => {
    const found = (await mailsTo(account.email)).filter(({ text }) => text.includes('/export/archive?t='));
    return found.length === number && found;
  }, 'the mail with the link');
  const { pathname, search } = new URL(/https?:\S+/.exec(mails.at(-1)!.text)![0]);
  return pathname + search;
}

/** Begins a download, as soon as there is no other, and reads no further. */
async function begin(url: string, limitMs?: number) {
  const left = new AbortController();
  const ask = async () => {
    const answer = await fetch(url, { signal: left.signal });
    if (answer.status !== 409) return answer;
    await answer.body?.cancel();
    return null;
  };
  const answer = await until(ask, 'the end of another download', limitMs, 500);
  expect(answer.status).toBe(200);
  const reader = answer.body!.getReader();
  await reader.read();
  const rest = async (pauseMs = 0) => {
    let bytes = 0;
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      bytes += chunk.value.length;
      if (pauseMs) await sleep(pauseMs);
    }
    return bytes;
  };
  return { rest, leave: () => left.abort() };
}

/** How much more memory the API has at most, in MiB, than now. */
async function watchMemory() {
  const proc = `/proc/${vitrine.processes.get('api')!.pid}`;
  const peak = async () => Number(/VmHWM:\s+(\d+)/.exec(await readFile(`${proc}/status`, 'utf8'))![1]) / 1024;
  await writeFile(`${proc}/clear_refs`, '5'); // The peak begins again (proc_pid_clear_refs(5)).
  const before = await peak();
  return async () => (await peak()) - before;
}

it('takes little memory, however long the musics and videos are', async () => {
  const owner = await withFiles(longMusics, 20);
  await vitrine.db.query(
    `insert into renditions (file_id, role, name, mime_type, bytes, key, segments)
     select f.id, 'audio', 'aac', 'audio/mp4', 1, f.source_key, s.segments
     from files f join users u on u.id = f.owner_id, (
       select jsonb_agg(jsonb_build_object('duration', 4.0053, 'offset', i * 64123, 'bytes', 64123)) as segments
       from generate_series(1, 5400) i) s
     where u.username = $1 and f.url like 'copy%'`,
    [owner.username],
  );
  const link = await linkFor(owner);
  const risen = await watchMemory();
  const answer = await fetch(vitrine.origin + link);
  const archive = unzipSync(new Uint8Array(await answer.arrayBuffer()), {
    filter: ({ name }) => name === 'data/renditions.json',
  });
  expect(await risen()).toBeLessThan(100);
  const rows = JSON.parse(new TextDecoder().decode(archive['data/renditions.json'])) as Json[];
  const musics = rows.filter(({ role }) => role === 'audio');
  expect(musics).toHaveLength(longMusics);
  expect(musics[0]).not.toHaveProperty('segments');
});

it('is downloaded once at a time per account, by whichever process and link', async () => {
  const [owner, stranger] = [await withFiles(copies), await withFiles(1)];
  const links = [await linkFor(owner), await linkFor(owner, 2)];
  const download = await begin(twin + links[0]);
  for (const link of links) {
    const { headers } = await vitrine.client().get(link).expect(409, 'archive_in_progress');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
  await vitrine
    .client()
    .get(await linkFor(stranger))
    .expect(200);
  expect(await download.rest()).toBeGreaterThan(copies * 1024 * 1024);
  const broken = await begin(vitrine.origin + links[0], 10_000);
  broken.leave();
  const another = await begin(vitrine.origin + links[1], 10_000);
  another.leave();
});

it('can be downloaded again soon after its process was killed', async () => {
  const owner = await withFiles(copies);
  const link = await linkFor(owner);
  const doomed = await begin((await vitrine.startTwin('doomed')) + link);
  await vitrine.client().get(link).expect(409);
  await vitrine.end('doomed', 'SIGKILL');
  await expect(doomed.rest()).rejects.toThrow();
  const again = await begin(vitrine.origin + link, 30_000);
  again.leave();
});

it('ends with its link, when the password is changed', async () => {
  const owner = await withFiles(copies);
  const download = await begin(vitrine.origin + (await linkFor(owner)));
  await owner.put('/api/users/me', { newPassword: 'staple of another kind', currentPassword }).expect(200);
  // All of it would take half a minute.
  await expect(download.rest(50)).rejects.toThrow();
});

it('outlasts the validity of its link', async () => {
  const owner = await withFiles(copies);
  const link = await linkFor(owner);
  const download = await begin(vitrine.origin + link);
  await vitrine.db.query('update exports set expires_at = now()');
  const rows = async () => (await vitrine.db.query('select from exports where reader is null')).rows.length;
  await vitrine.doNow('rows.expire');
  await until(async () => (await rows()) === 0, 'the other links to be deleted');
  expect(await download.rest()).toBeGreaterThan(copies * 1024 * 1024);
  await vitrine.client().get(link).expect(404, 'export_expired');
});
