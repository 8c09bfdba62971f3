import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeFor, mailAbout, mailsTo, Vitrine } from '../setup/vitrine.js';

const publicUrl = 'https://vitrine.example';
let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'], env: { PUBLIC_URL: publicUrl } });
});
afterAll(() => vitrine.stop());

const old = 'correct horse battery';
const newPassword = 'staple of another kind';
const ask = (email: string) => vitrine.client().post('/api/users/password-reset', { email });
const set = (email: string, code: string, password = newPassword) =>
  vitrine.client().put('/api/users/password-reset', { email, code, newPassword: password });
const signIn = (usernameOrEmail: string, password: string) =>
  vitrine.client().post('/api/users/sign-in', { usernameOrEmail, password });
const wrong = (code: string) => (code === '111111' ? '222222' : '111111');

describe('a forgotten password', () => {
  it('is reset with a mailed code, which signs out everything that used the old one', async () => {
    const ada = await vitrine.signUp('ada');
    const { body: session } = await signIn('ada', old).expect(200);
    await ask(ada.email.toUpperCase()).expect(202);
    const code = await codeFor(ada.email, 2);
    await set(ada.email, code).expect(204);

    await signIn('ada', old).expect(401, 'invalid_credentials');
    await signIn('ada', newPassword).expect(200);
    await vitrine
      .client({ authorization: `Bearer ${session.accessToken}` })
      .get('/api/users/me')
      .expect(401);
    await vitrine.client().post('/api/users/refresh', { refreshToken: session.refreshToken }).expect(401);
    await ada.get('/api/users/me').expect(401, 'bad_credentials');
    await set(ada.email, code).expect(400, 'code_invalid');
    await mailAbout('was reset', ada.email);
    expect(await mailsTo(ada.email)).toHaveLength(3);
  });

  it('gives the same answer for an unknown address, and mails nothing', async () => {
    const bea = await vitrine.signUp('bea');
    const nobody = 'nobody-at-all@example.org';
    const [known, unknown] = [await ask(bea.email).expect(202), await ask(nobody).expect(202)];
    expect([known.body, known.bytes.length]).toEqual([unknown.body, unknown.bytes.length]);
    const code = await codeFor(bea.email, 2);

    const tries = { [bea.email]: [] as string[], [nobody]: [] as string[] };
    for (const [email, answers] of Object.entries(tries)) {
      for (let i = 0; i < 12; i++) {
        const { status, body } = await set(email, wrong(code));
        expect(body.detail).toBeTruthy();
        answers.push(`${status} ${body.code} ${body.detail}`);
      }
    }
    expect(tries[bea.email]).toEqual(tries[nobody]);
    expect(tries[bea.email]!.map((answer) => answer.split(' ').slice(0, 2).join(' '))).toEqual([
      ...Array<string>(10).fill('400 code_invalid'),
      ...Array<string>(2).fill('429 too_many_tries'),
    ]);
    await set(bea.email, code).expect(429, 'too_many_tries');
    expect(await mailsTo(nobody)).toHaveLength(0);
  });

  it('allows only ten tries, however many in parallel and however many codes', async () => {
    const cleo = await vitrine.signUp('cleo');
    await ask(cleo.email).expect(202);
    const code = await codeFor(cleo.email, 2);
    const answers = await Promise.all(Array.from({ length: 30 }, () => set(cleo.email, wrong(code))));
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
    await ask(cleo.email).expect(202);
    await set(cleo.email, await codeFor(cleo.email, 3)).expect(429, 'too_many_tries');
    await signIn('cleo', old).expect(200);
  });

  it('lets one of two parallel uses of a code win', async () => {
    const dora = await vitrine.signUp('dora');
    await ask(dora.email).expect(202);
    const code = await codeFor(dora.email, 2);
    const passwords = ['first of two passwords', 'second of two passwords'];
    const answers = await Promise.all(passwords.map((password) => set(dora.email, code, password)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 400]);
    const winner = passwords[answers.findIndex(({ status }) => status === 204)]!;
    await signIn('dora', winner).expect(200);
  });

  it('needs the newest, unexpired code of this account and purpose', async () => {
    const [eva, fay] = [await vitrine.signUp('eva'), await vitrine.signUp('fay')];
    const verification = (await mailsTo(eva.email))[0]!.subject.slice(0, 6);
    await set(eva.email, verification).expect(400, 'code_invalid');
    await ask(eva.email).expect(202);
    const first = await codeFor(eva.email, 2);
    await ask(eva.email).expect(202);
    const second = await codeFor(eva.email, 3);
    if (first !== second) await set(eva.email, first).expect(400, 'code_invalid');
    await ask(fay.email).expect(202);
    const other = await codeFor(fay.email, 2);
    if (other !== second) await set(eva.email, other).expect(400, 'code_invalid');
    await vitrine.client().post(`/api/users/eva/verify/${second}`).expect(400, 'code_invalid');

    await vitrine.db.query(
      `update one_time_codes set expires_at = now() - interval '1 second' where user_id = (select id from users where username = 'eva')`,
    );
    await set(eva.email, second).expect(400, 'code_expired');
  });

  it('is not replaced by a common one, and the code stays valid', async () => {
    const gil = await vitrine.signUp('gilbert.s');
    await ask(gil.email).expect(202);
    const code = await codeFor(gil.email, 2);
    for (const password of ['password1', 'short', 'GILBERT.S', gil.email, 'x'.repeat(129)]) {
      const { body } = await set(gil.email, code, password).expect(422, 'validation_failed');
      expect(body.errors[0].pointer).toBe('/newPassword');
    }
    await set(gil.email, code, '🦆'.repeat(128)).expect(204);
    await signIn(gil.email, '🦆'.repeat(128)).expect(200);
    await signIn(gil.email, `${'🦆'.repeat(127)}🐸`).expect(401);
  });

  it('can be requested five times an hour, and the last code stays valid', async () => {
    const hal = await vitrine.signUp('hal');
    for (let i = 0; i < 5; i++) await ask(hal.email).expect(202);
    const code = await codeFor(hal.email, 2);
    for (let i = 0; i < 3; i++) await ask(hal.email).expect(202);
    await expect.poll(async () => (await pending(vitrine)).length).toBe(0);
    const mails = await mailsTo(hal.email);
    expect(mails.length).toBeLessThanOrEqual(6);
    await set(hal.email, (await codeFor(hal.email, mails.length)) || code).expect(204);
  });

  it('revokes the keys of whoever created the account with a stranger’s address', async () => {
    const { body } = await vitrine
      .client()
      .post('/api/users', { username: 'squatter', email: 'victim@example.org', password: old })
      .expect(201);
    // The mails may arrive in either order.
    await codeFor('victim@example.org');
    await ask('victim@example.org').expect(202);
    await set('victim@example.org', await codeFor('victim@example.org', 2)).expect(204);
    await vitrine.client({ 'x-api-key': body.apiKey }).get('/api/users/me').expect(401);
    const { body: own } = await signIn('squatter', newPassword).expect(200);
    expect(own.user.emailVerified).toBe(true);
  });
});

describe('the mail', () => {
  it('uses the configured address only, whatever the request pretends', async () => {
    const ida = await vitrine.signUp('ida');
    await vitrine
      .client()
      .post(
        '/api/users/password-reset',
        { email: ida.email },
        { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' },
      )
      .expect(202);
    const code = await codeFor(ida.email, 2);
    const { text, html, headers } = await mailAbout('new Vitrine password', ida.email);
    for (const part of [text, html]) {
      const addresses = part.match(/https?:\/\/[^\s<"]*/g)?.map((url) => url.replace(/\.$/, '').replace(/#.*/, ''));
      expect(new Set(addresses)).toEqual(new Set([publicUrl, `${publicUrl}/api/users/password-reset`]));
      expect(part).toContain(code);
      expect(part).not.toContain('evil');
    }
    expect(headers).toMatchObject({ 'auto-submitted': 'auto-generated' });
    expect(headers).not.toHaveProperty('list-unsubscribe');
  });

  it('uses the language of the account, and nothing else that it chose', async () => {
    await vitrine
      .client()
      .post('/api/users', {
        username: 'jutta',
        email: 'jutta@example.org',
        password: old,
        locale: 'DE-at',
        displayName: 'Locked! Visit http://evil.example',
        bio: 'http://evil.example',
      })
      .expect(201);
    const { text, html, headers } = await mailAbout('dein Vitrine-Code', 'jutta@example.org');
    expect(text).toContain('Hallo,');
    for (const part of [text, html, JSON.stringify(headers)]) expect(part).not.toMatch(/evil|locked|name.*jutta/i);
  });
});

/** Events whose mails are not sent yet. */
async function pending({ db }: Vitrine): Promise<unknown[]> {
  const { rows } = await db.query(
    `select 1 from outbox_events where dispatched_at is null union all
     select 1 from one_time_codes where purpose = 'reset_password' and user_id is not null and sent_at is null`,
  );
  return rows;
}
