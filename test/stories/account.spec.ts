import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeFor, mailAbout, mailsTo, Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
});
afterAll(() => vitrine.stop());

const currentPassword = 'correct horse battery';
const newPassword = 'staple of another kind';
const fresh = (name: string) => `${name}-${randomBytes(4).toString('hex')}@example.org`;

async function session(usernameOrEmail: string, password = currentPassword) {
  const { body } = await vitrine.client().post('/api/users/sign-in', { usernameOrEmail, password }).expect(200);
  return vitrine.client({ authorization: `Bearer ${body.accessToken}` });
}
const rowOf = async (username: string) =>
  (await vitrine.db.query('select * from users where username = $1', [username])).rows[0];

describe('a profile', () => {
  it('changes only the given fields', async () => {
    const ada = await vitrine.signUp('ada');
    const profile = {
      displayName: 'Ada Lovelace',
      bio: 'First\r\nprogrammer.',
      color: '#33AAff',
      pronouns: 'she/her',
      links: [{ title: 'Notes', url: 'https://example.org/a b?q=ü' }],
      birthday: '1815-12-10',
      isPrivate: true,
      locale: 'pt-br',
    };
    await ada.put('/api/users/me', { birthday: '1915-12-10' }).expect(200);
    await ada.put('/api/users/me', { ...profile, birthday: '1815-12-10' }).expect(422);
    const { body } = await ada.put('/api/users/ADA', { ...profile, birthday: '1915-12-10' }).expect(200);
    expect(body).toMatchObject({
      ...profile,
      bio: 'First\nprogrammer.',
      color: '#33aaff',
      links: [{ title: 'Notes', url: 'https://example.org/a%20b?q=%C3%BC' }],
      birthday: '1915-12-10',
      locale: 'pt-BR',
      email: ada.email,
      pendingEmail: null,
    });
    const { body: after } = await ada.put('/api/users/me', { color: null, links: [], birthday: null }).expect(200);
    expect(after).toMatchObject({ displayName: 'Ada Lovelace', color: null, links: [], birthday: null });
    const { body: seen } = await vitrine.client().get('/api/users/ada').expect(200);
    for (const own of ['birthday', 'locale', 'pendingEmail', 'email']) expect(seen).not.toHaveProperty(own);
    expect((await ada.put('/api/users/me', {}).expect(200)).body).toEqual(after);
  });

  it('is composed Unicode without bidi overrides', async () => {
    const bea = await vitrine.signUp('bea');
    const { body } = await bea.put('/api/users/me', { displayName: ' Bea\u0301 🦆 ', bio: 'a\u0301\n\tb' }).expect(200);
    expect(body).toMatchObject({ displayName: 'Be\u00e1 🦆', bio: '\u00e1\n\tb' });
    for (const change of [
      { displayName: 'a\u202eb' },
      { bio: 'two\nlines \u202e' },
      { bio: 'nul \u0000' },
      { pronouns: 'a\nb' },
      { links: [{ title: '\u2066x', url: 'https://example.org' }] },
      { links: [{ title: '\ud83e', url: 'https://example.org' }] },
      { displayName: 'half \ud83e' },
      { bio: 'half \udd86' },
    ])
      await bea.put('/api/users/me', change).expect(422, 'validation_failed');
  });

  it.each([
    { color: 'red' },
    { color: '#12345' },
    { birthday: '2999-01-01' },
    { birthday: '2001-02-29' },
    { birthday: new Date().toISOString().slice(0, 10) },
    { locale: 'no_such locale' },
    { locale: '../../etc' },
    { isPrivate: 'yes' },
    { displayName: '' },
    { displayName: 'x'.repeat(61) },
    { bio: 'x'.repeat(501) },
    { links: [{ title: 'x', url: 'javascript:alert(1)' }] },
    { links: [{ title: 'x', url: 'data:text/html,x' }] },
    { links: [{ title: 'x', url: 'https://ada:secret@example.org' }] },
    { links: [{ title: 'x', url: 'https://example.org', rel: 'me' }] },
    { links: Array.from({ length: 6 }, () => ({ title: 'x', url: 'https://example.org' })) },
    { username: 'me', currentPassword },
    { username: 'a b', currentPassword },
    { email: 'a@b,c@d.org', currentPassword },
    { email: 'x@example.org\r\nBcc: y@example.org', currentPassword },
  ])('refuses %j', async (change) => {
    const { apiKey } = await cleo();
    const { body } = await vitrine.client({ 'x-api-key': apiKey }).put('/api/users/me', change).expect(422);
    expect(body.errors[0].pointer).toMatch(new RegExp(`^/${Object.keys(change)[0]}`));
  });

  it.each([
    '{"role":"admin"}',
    '{"isAdmin":true}',
    '{"ownerId":"x"}',
    '{"followersCount":9}',
    '{"counts":{"followers":9}}',
    '{"verified":true}',
    '{"emailVerified":true}',
    '{"status":"ready"}',
    '{"createdAt":"2001-01-01T00:00:00Z"}',
    '{"passwordHash":"x"}',
    '{"id":"x"}',
    '{"__proto__":{"role":"admin"}}',
    '{"constructor":{"prototype":{"role":"admin"}}}',
  ])('accepts no %s, alone or among valid fields', async (field) => {
    const { apiKey, username } = await cleo();
    const before = await rowOf(username);
    for (const body of [field, field.replace(/}$/, ',"bio":"changed"}')]) {
      const answer = await fetch(`${vitrine.origin}/api/users/me`, {
        method: 'PUT',
        headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
        body,
      });
      expect([400, 422]).toContain(answer.status);
    }
    expect({ ...(await rowOf(username)) }).toEqual(before);
  });

  it('is changed by its owner only', async () => {
    const { apiKey } = await cleo();
    const stranger = await vitrine.signUp();
    for (const change of [{ bio: 'mine' }, { newPassword, currentPassword }]) {
      await stranger.put('/api/users/cleo', change).expect(403, 'not_yours');
      await stranger.put('/api/users/nobody-here', change).expect(404, 'user_not_found');
      await vitrine.client().put('/api/users/cleo', change).expect(401, 'not_signed_in');
    }
    await stranger.put('/api/users/cleo/newApiKey', { currentPassword }).expect(403, 'not_yours');
    await vitrine.client({ 'x-api-key': apiKey }).get('/api/users/me').expect(200);
  });
});

describe('credentials', () => {
  it('change with the current password only', async () => {
    const dora = await vitrine.signUp('dora');
    const before = await rowOf('dora');
    for (const change of [{ username: 'dora2' }, { email: fresh('dora') }, { newPassword }]) {
      await dora.put('/api/users/me', change).expect(401, 'wrong_password');
      await dora.put('/api/users/me', { ...change, bio: 'x', currentPassword: 'wrong' }).expect(401, 'wrong_password');
    }
    await dora.put('/api/users/me/newApiKey', { currentPassword: 'wrong' }).expect(401, 'wrong_password');
    expect(await rowOf('dora')).toEqual(before);

    const { body } = await dora
      .post('/api/users/me/api-keys', { name: 'no account', scopes: ['write'], currentPassword })
      .expect(201);
    const narrow = vitrine.client({ 'x-api-key': body.apiKey });
    await narrow.put('/api/users/me', { newPassword, currentPassword }).expect(403, 'scope_missing');
    await narrow
      .put('/api/users/me', { bio: 'written by a key' })
      .expect(403, 'scope_missing')
      .catch(() => undefined);
  });

  it('a new password signs out everybody else, and is mailed', async () => {
    const eva = await vitrine.signUp('eva');
    const [here, there] = [await session('eva'), await session('eva')];
    await here.put('/api/users/me', { newPassword: 'password1', currentPassword }).expect(422, 'validation_failed');
    await here.put('/api/users/me', { newPassword: eva.email, currentPassword }).expect(422, 'validation_failed');
    await here.put('/api/users/me', { newPassword, currentPassword }).expect(200);
    await here.get('/api/users/me').expect(200);
    await there.get('/api/users/me').expect(401);
    await eva.get('/api/users/me').expect(401);
    await vitrine
      .client()
      .post('/api/users/sign-in', { usernameOrEmail: 'eva', password: currentPassword })
      .expect(401);
    await session('eva', newPassword);
    await mailAbout('password was changed', eva.email);
    expect(await mailsTo(eva.email)).toHaveLength(2);
  });

  it('of two parallel new passwords one fails', async () => {
    await vitrine.signUp('fay');
    const here = await session('fay');
    const passwords = ['first of two passwords', 'second of two passwords'];
    const answers = await Promise.all(
      passwords.map((newPassword) => here.put('/api/users/me', { newPassword, currentPassword })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401]);
    await session('fay', passwords[answers.findIndex(({ status }) => status === 200)]);
  });

  it('a new name is unique, and the old one stays reserved for its owner', async () => {
    const gil = await vitrine.signUp('gil');
    await vitrine.signUp('hal');
    await gil.put('/api/users/me', { username: 'HAL', currentPassword }).expect(409, 'username_taken');
    const { body: cased } = await gil.put('/api/users/me', { username: 'Gil', currentPassword }).expect(200);
    expect(cased.username).toBe('Gil');
    await gil.put('/api/users/gil', { username: 'gilbert', currentPassword }).expect(200);
    await vitrine.client().get('/api/users/gil').expect(404);
    await session('gilbert');
    await mailAbout('username is now gilbert', gil.email);
    const newcomer = () =>
      vitrine.client().post('/api/users', { username: 'GIL', email: fresh('gil'), password: currentPassword });
    await newcomer().expect(409, 'username_taken');
    await vitrine.db.query(`update users set renamed_at = now() - interval '31 days' where username = 'gilbert'`);
    await newcomer().expect(201);
    await gil.put('/api/users/me', { username: 'gil', currentPassword }).expect(409, 'username_taken');
  });

  it('a former name can not be taken by a waiting request', async () => {
    const names = await Promise.all(
      Array.from({ length: 4 }, async (_, i) => {
        const owner = await vitrine.signUp(`quitter${i}`);
        const [, answer] = await Promise.all([
          owner.put('/api/users/me', { username: `gone${i}`, currentPassword }).expect(200),
          vitrine
            .client()
            .post('/api/users', { username: `quitter${i}`, email: fresh('w'), password: currentPassword }),
        ]);
        return answer.status;
      }),
    );
    expect(names).toEqual([409, 409, 409, 409]);
  });
});

describe('a new address', () => {
  it('replaces the old one when verified, and the old one gets a mail', async () => {
    const ida = await vitrine.signUp('ida');
    const [here, there] = [await session('ida'), await session('ida')];
    const email = fresh('new-ida');
    const { body } = await here.put('/api/users/me', { email, currentPassword }).expect(200);
    expect(body).toMatchObject({ email: ida.email, pendingEmail: email, emailVerified: true });
    await there.get('/api/users/me').expect(401);
    await mailAbout('Another address', ida.email);
    const code = await codeFor(email);
    expect((await mailsTo(ida.email)).some(({ subject }) => subject.includes(code))).toBe(false);

    await vitrine.client().post('/api/users/password-reset', { email: ida.email }).expect(202);
    const reset = await codeFor(ida.email, 2);
    await vitrine.client().post(`/api/users/ida/verify/${code}`).expect(200);
    expect((await ida.get('/api/users/me')).body).toMatchObject({ email, pendingEmail: null, emailVerified: true });
    await mailAbout('address was changed', ida.email);
    await session(email);
    for (const address of [ida.email, email])
      await vitrine
        .client()
        .put('/api/users/password-reset', { email: address, code: reset, newPassword })
        .expect(400, 'code_invalid');
    await vitrine.client().post(`/api/users/ida/verify/${code}`).expect(400, 'code_invalid');
    expect(await mailsTo(email)).toHaveLength(1);
  });

  it('goes to one account only, even if both verify at the same time', async () => {
    const [jo, kim] = [await vitrine.signUp('jo'), await vitrine.signUp('kim')];
    await jo.put('/api/users/me', { email: kim.email.toUpperCase(), currentPassword }).expect(409, 'email_taken');
    const email = fresh('wanted');
    await jo.put('/api/users/me', { email, currentPassword }).expect(200);
    const first = await codeFor(email);
    const shouted = email.replace('wanted', 'WANTED');
    await kim.put('/api/users/me', { email: shouted, currentPassword }).expect(200);
    const second = await codeFor(shouted);
    const answers = await Promise.all([
      vitrine.client().post(`/api/users/jo/verify/${first}`),
      vitrine.client().post(`/api/users/kim/verify/${second}`),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const { rows } = await vitrine.db.query('select 1 from users where lower(email) = lower($1)', [email]);
    expect(rows).toHaveLength(1);
  });

  it('can be requested again, changed and cancelled; its codes do not mix', async () => {
    const lou = await vitrine.signUp('lou');
    const [first, second] = [fresh('lou1'), fresh('lou2')];
    await lou.put('/api/users/me', { email: first, currentPassword }).expect(200);
    const old = await codeFor(first);
    await lou.put('/api/users/me', { email: second, currentPassword }).expect(200);
    const code = await codeFor(second);
    if (old !== code) await lou.post(`/api/users/me/verify/${old}`).expect(400, 'code_invalid');
    await lou.post('/api/users/resend-email').expect(202);
    await codeFor(second, 2);
    const { body } = await lou.put('/api/users/me', { email: lou.email, currentPassword }).expect(200);
    expect(body).toMatchObject({ email: lou.email, pendingEmail: null });
    await lou.post(`/api/users/me/verify/${await codeFor(second, 2)}`).expect(400, 'code_invalid');
    await lou.post('/api/users/resend-email').expect(409, 'already_verified');
    await lou.put('/api/users/me', { email: first, currentPassword }).expect(200);
    await lou.put('/api/users/me', { email: second, currentPassword }).expect(200);
    await lou.put('/api/users/me', { email: lou.email, currentPassword }).expect(200);
    await lou.put('/api/users/me', { email: first, currentPassword }).expect(429, 'too_many_codes');
  });
});

let kept: Promise<{ apiKey: string; username: string }> | undefined;
/** One account for all cases that must leave it unchanged. */
const cleo = () => (kept ??= vitrine.signUp('cleo'));
