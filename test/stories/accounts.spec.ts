import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeFor, mailsTo, Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
});
afterAll(() => vitrine.stop());

const password = 'correct horse battery';
const account = (username: string) => ({ username, email: `${username}@example.org`, password });

describe('signing up', () => {
  it('creates an account that its mailed code verifies', async () => {
    const anybody = vitrine.client();
    const { body } = await anybody.post('/api/users', { ...account('Ada'), displayName: 'Ada Lovelace' }).expect(201);
    expect(body).toMatchObject({
      expiresIn: 900,
      user: { username: 'Ada', displayName: 'Ada Lovelace', emailVerified: false, role: 'user' },
    });

    const ada = vitrine.client({ 'x-api-key': body.apiKey });
    await ada.get('/api/users/me/limits').expect(403, 'email_not_verified');
    await anybody.post('/api/users/ada/verify/000000').expect(400, 'code_invalid');
    await anybody.post(`/api/users/ada/verify/${await codeFor('Ada@example.org')}`).expect(200);
    await ada.get('/api/users/me/limits').expect(200);
    await vitrine
      .client({ authorization: `Bearer ${body.accessToken}` })
      .get('/api/users/me/limits')
      .expect(200);
    expect(await mailsTo('Ada@example.org')).toHaveLength(1);
  });

  it('accepts a name and an address once, regardless of case', async () => {
    const anybody = vitrine.client();
    await anybody.post('/api/users', account('grace')).expect(201);
    await anybody.post('/api/users', { ...account('grace2'), username: 'GRACE' }).expect(409, 'username_taken');
    await anybody.post('/api/users', { ...account('grace3'), email: 'Grace@Example.org' }).expect(409, 'email_taken');
  });

  it('names every mistake with its field, and stores nothing', async () => {
    const { body } = await vitrine
      .client()
      .post('/api/users', { username: 'a b', email: 'nobody', password: 'short', role: 'admin' })
      .expect(422, 'validation_failed');
    const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers).toEqual(expect.arrayContaining(['/username', '/email', '/password', '/role']));
    await vitrine.client().post('/api/users', account('sign-in')).expect(422);
    const { rows } = await vitrine.db.query(
      `select count(*)::int as n from users where username in ('a b', 'sign-in')`,
    );
    expect(rows[0].n).toBe(0);
  });

  it('gives a name to one of two parallel requests', async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        vitrine.client().post('/api/users', { ...account('racer'), email: `racer${i}@example.org` }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409, 409]);
  });
});

describe('codes', () => {
  it('are invalid once another one is requested', async () => {
    const { body } = await vitrine.client().post('/api/users', account('joan')).expect(201);
    const first = await codeFor('joan@example.org');
    await vitrine.client({ 'x-api-key': body.apiKey }).post('/api/users/resend-email').expect(202);
    const second = await codeFor('joan@example.org', 2);
    if (first !== second) await vitrine.client().post(`/api/users/joan/verify/${first}`).expect(400, 'code_invalid');
    await vitrine.client().post(`/api/users/joan/verify/${second}`).expect(200);
    await vitrine.client().post(`/api/users/joan/verify/${second}`).expect(400, 'code_invalid');
    await vitrine.client({ 'x-api-key': body.apiKey }).post('/api/users/resend-email').expect(409, 'already_verified');
  });

  it('allow ten tries, however many at once', async () => {
    await vitrine.client().post('/api/users', account('mallory')).expect(201);
    const code = await codeFor('mallory@example.org');
    const wrong = code === '111111' ? '222222' : '111111';
    const tries = await Promise.all(
      Array.from({ length: 30 }, () => vitrine.client().post(`/api/users/mallory/verify/${wrong}`)),
    );
    expect(tries.filter(({ status }) => status === 400)).toHaveLength(10);
    expect(tries.filter(({ status }) => status === 429)).toHaveLength(20);
    const { headers } = await vitrine.client().post(`/api/users/mallory/verify/${code}`).expect(429, 'too_many_tries');
    expect(headers.get('retry-after')).toBeTruthy();
  });

  it('are not in the database', async () => {
    await vitrine.client().post('/api/users', account('eve')).expect(201);
    const code = await codeFor('eve@example.org');
    const { rows } = await vitrine.db.query(
      `select (select json_agg(c) from one_time_codes c)::text || (select json_agg(e) from outbox_events e)::text || (select json_agg(j) from bullmq.job j)::text as dump`,
    );
    expect(rows[0].dump).not.toContain(`"${code}"`);
  });
});

describe('sessions', () => {
  it('are opened by name or address, with the same answer for an unknown name and a wrong password', async () => {
    const katherine = await vitrine.signUp('katherine');
    for (const usernameOrEmail of ['KATHERINE', katherine.email.toUpperCase()]) {
      const { body } = await vitrine.client().post('/api/users/sign-in', { usernameOrEmail, password }).expect(200);
      expect(body).toMatchObject({ user: { username: 'katherine' }, accessToken: expect.any(String), expiresIn: 900 });
      expect(body.apiKey).toBeUndefined();
    }
    const wrong = await vitrine
      .client()
      .post('/api/users/sign-in', { usernameOrEmail: 'katherine', password: 'wrong' })
      .expect(401);
    const unknown = await vitrine
      .client()
      .post('/api/users/sign-in', { usernameOrEmail: 'nobody', password: 'wrong' })
      .expect(401);
    expect({ ...wrong.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
  });

  it('rotate, and end when an old refresh token is used', async () => {
    const { body: first } = await vitrine.client().post('/api/users', account('rosalind')).expect(201);
    const { body: second } = await vitrine
      .client()
      .post('/api/users/refresh', { refreshToken: first.refreshToken })
      .expect(200);
    await vitrine
      .client({ authorization: `Bearer ${second.accessToken}` })
      .get('/api/users/me')
      .expect(200);
    await vitrine
      .client()
      .post('/api/users/refresh', { refreshToken: first.refreshToken })
      .expect(401, 'refresh_token_invalid');
    await vitrine.client().post('/api/users/refresh', { refreshToken: second.refreshToken }).expect(401);
    await vitrine
      .client({ authorization: `Bearer ${second.accessToken}` })
      .get('/api/users/me')
      .expect(401, 'bad_credentials');
  });

  it('are invalid immediately after sign-out', async () => {
    const { body } = await vitrine.client().post('/api/users', account('hedy')).expect(201);
    const hedy = vitrine.client({ authorization: `Bearer ${body.accessToken}` });
    await hedy.post('/api/users/sign-out').expect(204);
    await hedy.get('/api/users/me').expect(401);
    await vitrine.client().post('/api/users/refresh', { refreshToken: body.refreshToken }).expect(401);
  });
});

describe('credentials', () => {
  it('are refused when wrong, even where none are needed', async () => {
    await vitrine.client({ 'x-api-key': 'vt_nonsense' }).get('/api/medias').expect(401, 'bad_credentials');
    await vitrine.client({ authorization: 'Bearer nonsense' }).get('/api/medias').expect(401, 'bad_credentials');
    await vitrine.client({ authorization: 'Basic YTpi' }).get('/api/medias').expect(401, 'bad_credentials');
    await vitrine.client().get('/api/medias').expect(200);
  });

  it('can not be forged', async () => {
    const { body } = await vitrine.client().post('/api/users', account('forger')).expect(201);
    const [, payload, signature] = body.accessToken.split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const forged = [
      `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.${signature}`,
      `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), exp: 9_999_999_999 })}.${signature}`,
      body.refreshToken,
    ];
    for (const token of forged)
      await vitrine
        .client({ authorization: `Bearer ${token}` })
        .get('/api/users/me')
        .expect(401);
  });

  it('are stored hashed', async () => {
    const { body } = await vitrine.client().post('/api/users', account('dump')).expect(201);
    const { rows } = await vitrine.db.query(
      'select (select json_agg(u) from users u)::text || (select json_agg(k) from api_keys k)::text || (select json_agg(s) from sessions s)::text as dump',
    );
    for (const secret of [password, body.apiKey, body.refreshToken.split('.')[1], body.accessToken])
      expect(rows[0].dump).not.toContain(secret);
  });
});

describe('profiles', () => {
  it('hide the address from others, and `me` shows everything', async () => {
    const mary = await vitrine.signUp('mary');
    const { body: seen } = await vitrine.client().get('/api/users/MARY').expect(200);
    expect(seen).toMatchObject({ username: 'mary', counts: { followers: 0, photos: 0 } });
    for (const secret of ['email', 'emailVerified', 'role', 'quota', 'viewer']) expect(seen).not.toHaveProperty(secret);
    const { body: own } = await mary.get('/api/users/me').expect(200);
    expect(own).toMatchObject({ email: mary.email, emailVerified: true, quota: { day: { usedBytes: 0 } } });
    await vitrine.client().get('/api/users/me').expect(401, 'not_signed_in');
    await vitrine.client().get('/api/users/nobody-here').expect(404, 'user_not_found');
  });
});
