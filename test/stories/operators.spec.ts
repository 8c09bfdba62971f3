import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { picture } from '../setup/make-media.js';
import { mailAbout, Vitrine } from '../setup/vitrine.js';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const password = 'correct horse battery';

let vitrine: Vitrine;
let ada: Awaited<ReturnType<Vitrine['signUp']>>;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  ada = await vitrine.signUp();
});
afterAll(() => vitrine.stop());

const users = (args: string[], input = '') => operator(['users', ...args], input);
function operator(args: string[], input = ''): Promise<{ code: number; said: string }> {
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'test',
    DATABASE_URL: vitrine.databaseUrl,
    DATA_DIR: vitrine.dataDir,
  };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [cli, ...args], { env }, (error, _, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, said: stderr }),
    );
    child.stdin!.end(input);
  });
}
const signIn = (usernameOrEmail: string) => vitrine.client().post('/api/users/sign-in', { usernameOrEmail, password });

it('an operator creates an account that can be used at once', async () => {
  expect(await users(['create', 'root2', 'root2@example.org', '--role', 'admin'], `${password}\n`)).toMatchObject({
    code: 0,
  });
  const { body } = await signIn('root2@example.org').expect(200);
  expect(body.user).toMatchObject({ role: 'admin', emailVerified: true });
  expect(await users(['create', 'ROOT2', 'other@example.org'], password)).toMatchObject({
    code: 1,
    said: expect.stringContaining('taken'),
  });
  const refused = await users(['create', 'a b', 'nobody'], 'short');
  expect(refused.code).toBe(1);
  for (const field of ['username', 'email', 'password']) expect(refused.said).toContain(`at ${field}`);
});

it('a disabled account is locked out at once, and its content is hidden until it is enabled', async () => {
  const media = await ada.publish('photo', await picture(333, 222).png().toBuffer());
  const { href } = media.files[0].renditions[0];
  const anybody = vitrine.client();
  await anybody.get(`/api/medias/${media.url}`).expect(200);
  await ada.get('/api/users/me/export').expect(202);
  const { text } = await mailAbout('Vitrine archive', ada.email);
  const archive = /\/api\/users\/me\/export\/archive\?t=[\w-]+/.exec(text)![0];
  await anybody.get(archive).expect(200);

  expect(await users(['disable', ada.username])).toMatchObject({ code: 0 });
  await ada.get('/api/users/me').expect(401, 'bad_credentials');
  await anybody.get(`/api/users/${ada.username}`).expect(404, 'user_not_found');
  await anybody.get(`/api/medias/${media.url}`).expect(404, 'media_not_found');
  await anybody.get(href).expect(404, 'file_not_found');
  const { body: list } = await anybody.get('/api/medias').expect(200);
  expect(list.items).toEqual([]);
  await signIn(ada.username).expect(401, 'invalid_credentials');
  await anybody.get(archive).expect(404, 'export_expired');

  expect(await users(['enable', ada.username])).toMatchObject({ code: 0 });
  await ada.get('/api/users/me').expect(200);
  await anybody.get(href).expect(200);
});

it('moderators are promoted and demoted', async () => {
  await users(['promote', ada.username]);
  expect((await ada.get('/api/users/me')).body.role).toBe('moderator');
  await users(['promote', ada.username, '--role', 'user']);
  expect((await ada.get('/api/users/me')).body.role).toBe('user');
  expect(await users(['promote', 'nobody-here'])).toMatchObject({
    code: 1,
    said: expect.stringContaining('There is no user nobody-here.'),
  });
});

it('sessions are ended, keys only on request', async () => {
  await users(['create', 'hedy', 'hedy@example.org'], password);
  const { body } = await signIn('hedy').expect(200);
  const session = vitrine.client({ authorization: `Bearer ${body.accessToken}` });
  await session.get('/api/users/me').expect(200);
  await users(['reset-sessions', 'hedy@example.org']);
  await session.get('/api/users/me').expect(401, 'bad_credentials');
  await vitrine.client().post('/api/users/refresh', { refreshToken: body.refreshToken }).expect(401);
  await ada.get('/api/users/me').expect(200);
  await users(['reset-sessions', ada.username]);
  await ada.get('/api/users/me').expect(200);
  await users(['reset-sessions', ada.username, '--keys']);
  await ada.get('/api/users/me').expect(401, 'bad_credentials');
});

it('a database whose migrations had other numbers is up to date', async () => {
  await vitrine.db.query(`update migrations set name = '0' || (substr(name, 1, 4)::int + 101)::text || substr(name, 5)
    where name > '0003'`);
  expect(await operator(['migrate'])).toMatchObject({ code: 0, said: expect.stringContaining('up to date') });
  const { rows } = await vitrine.db.query('select name from migrations order by name');
  expect(rows.map(({ name }) => name.slice(0, 4))).toEqual(rows.map((_, i) => String(i + 1).padStart(4, '0')));
});
