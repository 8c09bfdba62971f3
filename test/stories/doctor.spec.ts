import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject, afterAll, beforeAll, expect, it } from 'vitest';
import { Vitrine } from '../setup/vitrine.js';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
});
afterAll(() => vitrine.stop());

interface Finding {
  check: string;
  state: 'ok' | 'warning' | 'broken';
  found: string;
  remedy?: string;
}

/** @param env settings that differ from those of a sound installation */
async function doctor(env: Record<string, string> = {}) {
  const sound = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    AUTH_SECRET: 'a secret that only this test knows, and nobody else',
    PUBLIC_URL: 'https://vitrine.example',
    DATA_DIR: vitrine.dataDir,
    DATABASE_URL: vitrine.databaseUrl,
    SMTP_URL: inject('smtp'),
  };
  return new Promise<{ code: number; findings: Finding[] }>((resolve) => {
    execFile(process.execPath, [cli, 'doctor', '--json'], { env: { ...sound, ...env } }, (error, stdout) =>
      resolve({
        code: Number(error?.code ?? 0),
        findings: stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as Finding),
      }),
    );
  });
}
const of = (findings: Finding[], check: string) => findings.filter((finding) => finding.check === check);

it('finds nothing broken but what is, and leaves nothing behind', async () => {
  const before = await vitrine.stored();
  const { code, findings } = await doctor();
  // The tests' own server gives up durability for speed, and nothing else is wrong with it.
  expect(findings.filter(({ state }) => state === 'broken')).toMatchObject([
    { found: expect.stringContaining('fsync') },
  ]);
  expect(code).toBe(1);
  expect(new Set(findings.map(({ check }) => check))).toEqual(
    new Set([
      'settings',
      'storage',
      'mail',
      'database',
      'migrations',
      'clock',
      'events',
      'queues',
      'disk',
      'ffmpeg',
      'limits',
    ]),
  );
  for (const check of ['settings', 'storage', 'mail', 'migrations', 'clock', 'ffmpeg'])
    expect(of(findings, check).map(({ state }) => state)).toEqual(['ok']);
  expect(await vitrine.stored()).toEqual(before);
}, 60_000);

const closed = '127.0.0.1:1';
it.each([
  ['database', { DATABASE_URL: `postgresql://nobody@${closed}/none` }, /ECONNREFUSED/, /DATABASE_URL/],
  ['queues', { REDIS_URL: `redis://${closed}` }, /./, /REDIS_URL/],
  ['mail', { SMTP_URL: `smtp://${closed}` }, /ECONNREFUSED/, /SMTP_URL/],
  ['ffmpeg', { FFMPEG_PATH: '/bin/false' }, /Command failed/, /FFMPEG_PATH/],
  ['settings', { NODE_ENV: 'development', AUTH_SECRET: '' }, /AUTH_SECRET/, /openssl rand/],
] as const)(
  'says of a broken %s what to do',
  async (check, env, found, remedy) => {
    const { code, findings } = await doctor(env);
    expect(code).toBe(1);
    const [finding] = of(findings, check).filter(({ state }) => state === 'broken');
    expect(finding).toMatchObject({ found: expect.stringMatching(found), remedy: expect.stringMatching(remedy) });
    // The others are checked all the same.
    expect(of(findings, 'limits')).toHaveLength(1);
  },
  60_000,
);

it('says where storage is no folder, what is not migrated, and what nobody works on', async () => {
  const file = join(vitrine.dataDir, 'a-file');
  await writeFile(file, '');
  expect(of((await doctor({ DATA_DIR: file })).findings, 'storage')[0]).toMatchObject({ state: 'broken' });

  await vitrine.db.query(
    `insert into outbox_events (name, payload, created_at) values ('code.requested', '{}', now() - interval '1 minute')`,
  );
  await vitrine.db.query(`update migrations set name = 'x' || name where id = (select max(id) from migrations)`);
  const { code, findings } = await doctor();
  expect(code).toBe(1);
  expect(of(findings, 'events')[0]).toMatchObject({ state: 'broken', remedy: expect.stringContaining('`social`') });
  expect(of(findings, 'migrations')[0]).toMatchObject({ state: 'broken', remedy: expect.stringContaining('migrate') });
}, 60_000);
