import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessTokenRules } from '../../src/auth/tokens.service.js';
import type { Json } from '../setup/client.js';
import { Vitrine } from '../setup/vitrine.js';

const secret = 'a secret of this test, long enough to be one';
let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({
    workers: ['social,mail,maintenance'],
    env: { AUTH_SECRET: secret, TRUST_PROXY: '127.0.0.1' },
  });
});
afterAll(() => vitrine.stop());

const password = 'correct horse battery';
const bearer = (token: string) => vitrine.client({ authorization: `Bearer ${token}` });
async function signIn(usernameOrEmail: string, device = 'Test/1.0', address = '203.0.113.7') {
  const { body } = await vitrine
    .client()
    .post('/api/users/sign-in', { usernameOrEmail, password }, { 'user-agent': device, 'x-forwarded-for': address })
    .expect(200);
  return { ...body, client: bearer(body.accessToken) } as Json;
}
const refresh = (refreshToken: string) => vitrine.client().post('/api/users/refresh', { refreshToken });

describe('the list of sessions', () => {
  it('shows where somebody is signed in, and the current one', async () => {
    const ada = await vitrine.signUp('ada');
    await signIn('ada', 'Phone/2', '203.0.113.1');
    const { client } = await signIn('ada', `Laptop/3 ${'x'.repeat(300)}`, '203.0.113.2');
    const { body } = await client.get('/api/users/me/sessions').expect(200);
    expect(body.nextCursor).toBeNull();
    expect(body.items).toMatchObject([
      { device: expect.stringMatching(/^Laptop\/3 x+$/), address: '203.0.113.2', current: true },
      { device: 'Phone/2', address: '203.0.113.1', current: false },
      { address: '127.0.0.1', current: false },
    ]);
    for (const { createdAt, lastUsedAt, expiresAt } of body.items) {
      expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBeGreaterThan(29 * 86_400_000);
      expect(Date.parse(lastUsedAt)).toBeGreaterThanOrEqual(Date.parse(createdAt));
    }
    const { body: byKey } = await ada.get('/api/users/me/sessions').expect(200);
    expect(byKey.items.every(({ current }: { current: boolean }) => !current)).toBe(true);
  });

  it('pages', async () => {
    await vitrine.signUp('bea');
    const { client } = await signIn('bea');
    await signIn('bea');
    const sessions = await client.all('/api/users/me/sessions', 1);
    expect(new Set(sessions.map(({ id }: Json) => id)).size).toBe(3);
    await client.get('/api/users/me/sessions?cursor=nonsense').expect(422, 'validation_failed');
  });

  it('updates the last use once a minute, without a write per request', async () => {
    await vitrine.signUp('cleo');
    const { client } = await signIn('cleo');
    const used = async () => {
      const { body } = await client.get('/api/users/me/sessions').expect(200);
      return Date.parse(body.items[0].lastUsedAt);
    };
    const first = await used();
    expect(await used()).toBe(first);
    await vitrine.db.query(
      `update sessions set last_used_at = now() - interval '61 seconds' where user_id = (select id from users where username = 'cleo')`,
    );
    await Promise.all([used(), used(), used()]);
    expect(await used()).toBeGreaterThanOrEqual(first);
  });

  it('ends one at once, and only one’s own', async () => {
    const dora = await vitrine.signUp('dora');
    const stranger = await vitrine.signUp('dorothy');
    const [phone, laptop] = [await signIn('dora'), await signIn('dora')];
    const { body } = await phone.client.get('/api/users/me/sessions').expect(200);
    const { id } = body.items.find(({ current }: { current: boolean }) => current);
    await stranger.delete(`/api/users/me/sessions/${id}`).expect(404, 'session_not_found');
    await phone.client.get('/api/users/me').expect(200);
    await laptop.client.delete(`/api/users/me/sessions/${id}`).expect(204);
    await phone.client.get('/api/users/me').expect(401, 'bad_credentials');
    await refresh(phone.refreshToken).expect(401, 'refresh_token_invalid');
    await laptop.client.delete(`/api/users/me/sessions/${id}`).expect(204);
    // Another spelling of the address is not remembered as another deletion.
    await laptop.client.delete(`/api/users/me/sessions/${id.toUpperCase()}`).expect(404, 'session_not_found');
    await laptop.client.delete('/api/users/me/sessions/00000000-0000-7000-8000-000000000000').expect(404);
    await laptop.client.delete('/api/users/me/sessions/nonsense').expect(422);
    await dora.get('/api/users/me').expect(200);
  });

  it('ends all the others', async () => {
    await vitrine.signUp('eva');
    const [phone, laptop] = [await signIn('eva'), await signIn('eva')];
    await laptop.client.delete('/api/users/me/sessions').expect(204);
    await phone.client.get('/api/users/me').expect(401);
    await refresh(phone.refreshToken).expect(401);
    const { body } = await laptop.client.get('/api/users/me/sessions').expect(200);
    expect(body.items).toMatchObject([{ current: true }]);
    await refresh(laptop.refreshToken).expect(200);
  });
});

describe('a refresh token', () => {
  it('that is used twice in parallel works once, and ends the session', async () => {
    await vitrine.signUp('fay');
    for (let round = 0; round < 5; round++) {
      const { refreshToken } = await signIn('fay');
      const answers = await Promise.all(Array.from({ length: 4 }, () => refresh(refreshToken)));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401, 401, 401]);
      const { body } = answers.find(({ status }) => status === 200)!;
      await refresh(body.refreshToken).expect(401, 'refresh_token_invalid');
      await bearer(body.accessToken).get('/api/users/me').expect(401);
    }
  });

  it('ends its own session only', async () => {
    await vitrine.signUp('gil');
    const [phone, laptop] = [await signIn('gil'), await signIn('gil')];
    await refresh(phone.refreshToken).expect(200);
    await refresh(phone.refreshToken).expect(401);
    await laptop.client.get('/api/users/me').expect(200);
    const { body } = await refresh(laptop.refreshToken).expect(200);
    await laptop.client.get('/api/users/me').expect(200);
    await refresh(body.refreshToken).expect(200);
  });

  it('does not survive a concurrent sign-out', async () => {
    await vitrine.signUp('hal');
    for (let round = 0; round < 5; round++) {
      const { client, refreshToken } = await signIn('hal');
      const [, { body }] = await Promise.all([client.post('/api/users/sign-out').expect(204), refresh(refreshToken)]);
      if (body.accessToken) await bearer(body.accessToken).get('/api/users/me').expect(401);
    }
  });

  it.each(['', '.', 'x.y', '00000000-0000-7000-8000-000000000000.secret', "'; drop table sessions; --.x"])(
    'is not %j',
    async (refreshToken) => {
      expect([401, 422]).toContain((await refresh(refreshToken)).status);
    },
  );
});

describe('an access token', () => {
  const encode = (value: object | string) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const { key } = accessTokenRules({ secret });
  const sign = (header: object, claims: object, by: string | Buffer = key, hash = 'sha256') => {
    const content = `${encode(header)}.${encode(claims)}`;
    return `${content}.${createHmac(hash, by).update(content).digest('base64url')}`;
  };
  const plain = { alg: 'HS256', typ: 'JWT' };
  let claims: Record<string, unknown>;
  let refreshToken: string;
  beforeAll(async () => {
    await vitrine.signUp('ida');
    const session = await signIn('ida');
    refreshToken = session.refreshToken;
    claims = JSON.parse(Buffer.from(session.accessToken.split('.')[1], 'base64url').toString());
  });
  const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([other]) => other !== name));
  const ago = (seconds: number) => Math.floor(Date.now() / 1_000) - seconds;

  it('can be forged with the key: the forgeries below differ from it in one point', async () => {
    await bearer(sign(plain, claims)).get('/api/users/me').expect(200);
  });

  const forgeries: Record<string, () => string> = {
    'alg none': () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`,
    'alg None, with a signature': () => sign({ alg: 'None', typ: 'JWT' }, claims),
    'another algorithm of the same key': () => sign({ alg: 'HS512', typ: 'JWT' }, claims, key, 'sha512'),
    'an asymmetric algorithm': () => sign({ alg: 'RS256', typ: 'JWT' }, claims),
    'another key': () => sign(plain, claims, 'another key'),
    'an empty key': () => sign(plain, claims, ''),
    'the secret that the key is derived from': () => sign(plain, claims, secret),
    'the key in the header': () => sign({ ...plain, jwk: { kty: 'oct', k: encode('mine') } }, claims, 'mine'),
    'a kid that is a path': () => sign({ ...plain, kid: '../../../../../dev/null' }, claims, ''),
    'a kid that is SQL': () => sign({ ...plain, kid: "x' union select 'mine" }, claims, 'mine'),
    'a jku elsewhere': () => sign({ ...plain, jku: 'http://127.0.0.1:1/keys' }, claims, 'mine'),
    'no end': () => sign(plain, without('exp')),
    'an end that is past': () => sign(plain, { ...claims, exp: ago(5) }),
    'an end that is no number': () => sign(plain, { ...claims, exp: '9999999999' }),
    'a beginning to come': () => sign(plain, { ...claims, nbf: ago(-600) }),
    'another audience': () => sign(plain, { ...claims, aud: 'another-api' }),
    'no audience': () => sign(plain, without('aud')),
    'another issuer': () => sign(plain, { ...claims, iss: 'another' }),
    'no issuer': () => sign(plain, without('iss')),
    'no session': () => sign(plain, without('sid')),
    'a session that is none': () => sign(plain, { ...claims, sid: '00000000-0000-7000-8000-000000000000' }),
    'a session of another user': () => sign(plain, { ...claims, sub: '00000000-0000-7000-8000-000000000000' }),
    'an object where an id belongs': () => sign(plain, { ...claims, sid: { $ne: null } }),
    'no signature': () => sign(plain, claims).replace(/[^.]+$/, ''),
    'two parts': () => sign(plain, claims).replace(/\.[^.]+$/, ''),
    'a refresh token': () => refreshToken,
  };
  it.each(Object.keys(forgeries))('is refused with %s', async (name) => {
    for (const path of ['/api/users/me', '/api/users/me/sessions', '/api/medias'])
      await bearer(forgeries[name]!()).get(path).expect(401, 'bad_credentials');
  });

  it('is no refresh token, and an API key is neither', async () => {
    await refresh(sign(plain, claims).slice(0, 190)).expect(401);
    const { apiKey } = await vitrine.signUp('jo');
    await bearer(apiKey).get('/api/users/me').expect(401);
    await refresh(apiKey).expect(401);
  });
});
