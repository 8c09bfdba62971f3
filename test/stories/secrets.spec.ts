import { afterAll, beforeAll, expect, it } from 'vitest';
import { codeFor, mailAbout, mailsTo, Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'], env: { LOG_LEVEL: 'info' } });
});
afterAll(() => vitrine.stop());

/** Every row of every table, in all schemas except PostgreSQL's own, as text. */
async function dump(): Promise<string> {
  const { rows: tables } = await vitrine.db.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const parts = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await vitrine.db.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`);
      return rows.map(({ row }) => `${name} ${row}`).join('\n');
    }),
  );
  return parts.join('\n');
}

it('a dump of the database contains no live secret', async () => {
  const password = 'correct horse battery';
  const [second, third] = ['staple of another kind', 'third kind of password'];
  const secrets = new Set<string>();
  const keep = (body: { apiKey?: string; accessToken?: string; refreshToken?: string }) => {
    for (const secret of [body.apiKey, body.accessToken, body.refreshToken]) if (secret) secrets.add(secret);
    // The second half of a refresh token, or one part of an access token, would be enough.
    if (body.refreshToken) secrets.add(body.refreshToken.split('.')[1]!);
    if (body.accessToken) secrets.add(body.accessToken.split('.')[2]!);
    return body;
  };
  const codes = new Set<string>();
  const code = async (address: string, atLeast: number) => {
    const digits = await codeFor(address, atLeast);
    codes.add(digits);
    return digits;
  };

  // No other story uses this address.
  const email = 'keeper-of-secrets@example.org';
  const anybody = vitrine.client();
  const { body: account } = await anybody
    .post('/api/users', { username: 'ada', email, password }, { 'idempotency-key': 'one' })
    .expect(201);
  keep(account);
  await anybody.post(`/api/users/ada/verify/${await code(email, 1)}`).expect(200);
  const ada = vitrine.client({ 'x-api-key': account.apiKey });
  const { body: minted } = await ada
    .post(
      '/api/users/me/api-keys',
      { name: 'backup', currentPassword: 'correct horse battery' },
      { 'idempotency-key': 'two' },
    )
    .expect(201);
  keep(minted);

  await anybody.post('/api/users/password-reset', { email }).expect(202);
  const reset = await code(email, 2);
  await anybody.put('/api/users/password-reset', { email, code: reset, newPassword: second }).expect(204);
  // Like the codes, it is in the mail and nowhere else.
  codes.add(/password-reset#([\w-]{43})/.exec((await mailAbout('new Vitrine password', email)).text)![1]!);
  const { body: session } = await anybody
    .post('/api/users/sign-in', { usernameOrEmail: 'ada', password: second })
    .expect(200);
  keep(session);
  const { body: renewed } = await vitrine
    .client({ authorization: `Bearer ${session.accessToken}` })
    .put('/api/users/me/newApiKey', { currentPassword: second })
    .expect(200);
  keep(renewed);
  const here = vitrine.client({ 'x-api-key': renewed.apiKey });
  await here.put('/api/users/me', { newPassword: third, currentPassword: second }).expect(200);
  const { body: again } = await anybody
    .post('/api/users/sign-in', { usernameOrEmail: 'ada', password: third })
    .expect(200);
  keep(again);
  keep((await anybody.post('/api/users/refresh', { refreshToken: again.refreshToken }).expect(200)).body);
  // Two codes that are valid at the time of the dump.
  await here.put('/api/users/me', { email: 'ada2@example.org', currentPassword: third }).expect(200);
  await code('ada2@example.org', 1);
  await anybody.post('/api/users/password-reset', { email }).expect(202);
  await code(email, 3);
  await mailAbout('password was changed', email);
  expect((await mailsTo(email)).length).toBeGreaterThanOrEqual(6);

  const text = await dump();
  expect(text, 'the dump holds what is no secret').toContain(minted.prefix);
  expect(text).toMatch(/^bullmq\.job /m);
  expect(text).toMatch(/^public\.outbox_events /m);
  for (const secret of [...secrets, password, second, third]) expect(text.includes(secret), secret).toBe(false);
  // Microseconds have six digits, too.
  for (const digits of codes) expect(text).not.toMatch(new RegExp(`(?<![\\d.])${digits}(?!\\d)`));
  for (const { text: mail, html } of await mailsTo(email)) {
    for (const secret of [...secrets, password, second, third]) expect(`${mail}${html}`).not.toContain(secret);
  }
  for (const secret of [...secrets, password, second, third, ...codes])
    expect(vitrine.said.includes(secret), 'in the log').toBe(false);
});
