import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../setup/client.js';
import { mailAbout, mailsTo, Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
});
afterAll(() => vitrine.stop());

const currentPassword = 'correct horse battery';
const keys = '/api/users/me/api-keys';
const by = (apiKey: string) => vitrine.client({ 'x-api-key': apiKey });
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

describe('the default key', () => {
  it('is replaced with the password, and the old one stops working at once', async () => {
    const ada = await vitrine.signUp('ada');
    await ada.put('/api/users/me/newApiKey', {}).expect(422);
    const { body } = await ada.put('/api/users/ADA/newApiKey', { currentPassword }).expect(200);
    expect(Object.keys(body)).toEqual(['apiKey']);
    await ada.get('/api/users/me').expect(401, 'bad_credentials');
    await by(body.apiKey).get('/api/users/me').expect(200);
    const { body: list } = await by(body.apiKey).get(keys).expect(200);
    expect(list.items).toMatchObject([{ name: 'default', isDefault: true, prefix: body.apiKey.slice(0, 12) }]);
    await mailAbout('new API key', ada.email);
  });

  it('is not replaced with a key that has less than all scopes, or an expiry', async () => {
    const owner = await vitrine.signUp();
    const lesser = [{ scopes: ['account'] }, { expiresAt: inDays(1) }];
    for (const more of lesser) {
      const { body } = await owner.post(keys, { name: 'lesser', currentPassword, ...more }).expect(201);
      const renew = by(body.apiKey).put('/api/users/me/newApiKey', { currentPassword });
      await renew.expect(403, 'scope_missing');
    }
    await owner.get('/api/users/me').expect(200);
  });

  it('is unique, even if replaced several times in parallel', async () => {
    const bea = await vitrine.signUp('bea');
    const { body: session } = await vitrine
      .client()
      .post('/api/users/sign-in', { usernameOrEmail: 'bea', password: currentPassword })
      .expect(200);
    const here = vitrine.client({ authorization: `Bearer ${session.accessToken}` });
    const made = await Promise.all(
      Array.from({ length: 4 }, () => here.put('/api/users/me/newApiKey', { currentPassword }).expect(200)),
    );
    const alive = await Promise.all(made.map(({ body }) => by(body.apiKey).get('/api/users/me')));
    expect(alive.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await here.get(keys)).body.items).toHaveLength(1);
    await bea.get('/api/users/me').expect(401);
  });
});

describe('named keys', () => {
  it('are shown once, listed by their prefix, and limited to their scopes', async () => {
    const cleo = await vitrine.signUp('cleo');
    const { body: made } = await cleo
      .post(keys, { currentPassword, name: 'backup', scopes: ['read', 'read'], expiresAt: inDays(7) })
      .expect(201);
    expect(made).toMatchObject({ name: 'backup', scopes: ['read'], isDefault: false, lastUsedAt: null });
    expect(made.apiKey).toMatch(/^vt_[\w-]{43}$/);
    await by(made.apiKey).get('/api/users/me').expect(200);
    await by(made.apiKey).put('/api/users/me', { bio: 'x' }).expect(403, 'scope_missing');
    await by(made.apiKey).get(keys).expect(403, 'scope_missing');
    await by(made.apiKey).get('/api/users/me/sessions').expect(403, 'scope_missing');

    const { body: list } = await cleo.get(keys).expect(200);
    expect(list.items.map(({ name }: Json) => name)).toEqual(['backup', 'default']);
    expect(list.items[0]).toMatchObject({ id: made.id, prefix: made.apiKey.slice(0, 12) });
    expect(Date.parse(list.items[0].lastUsedAt)).toBeGreaterThan(Date.now() - 60_000);
    expect(JSON.stringify(list)).not.toContain(made.apiKey);
    await mailAbout('new API key', cleo.email);
    expect(await mailsTo(cleo.email)).toHaveLength(2);
  });

  it('stop working when they expire, or when their owner deletes them', async () => {
    const dora = await vitrine.signUp('dora');
    const stranger = await vitrine.signUp('dorothy');
    const { body: made } = await dora.post(keys, { currentPassword, name: 'one', expiresAt: inDays(1) }).expect(201);
    await vitrine.db.query('update api_keys set expires_at = now() where id = $1', [made.id]);
    await by(made.apiKey).get('/api/users/me').expect(401);
    const { body: other } = await dora.post(keys, { currentPassword, name: 'two' }).expect(201);
    await stranger.delete(`${keys}/${other.id}`).expect(404, 'api_key_not_found');
    await by(other.apiKey).get('/api/users/me').expect(200);
    await by(other.apiKey).delete(`${keys}/${other.id}`).expect(204);
    await by(other.apiKey).get('/api/users/me').expect(401);
    await dora.delete(`${keys}/${other.id}`).expect(204);
    expect((await dora.get(keys)).body.items).toHaveLength(1);
    await dora.delete(`${keys}/nonsense`).expect(422);
    // In UTC it is a day later, in a year that PostgreSQL does not read.
    const late = { currentPassword, name: 'late', expiresAt: '9999-12-31T23:59:59-14:00' };
    await dora.post(keys, late).expect(422, 'validation_failed');
    await dora.post(keys, { ...late, expiresAt: '9999-12-31T23:59:59Z' }).expect(201);
  });

  it('create no key with more scopes or a later expiry', async () => {
    const eva = await vitrine.signUp('eva');
    const expiresAt = inDays(7);
    const { body: narrow } = await eva
      .post(keys, { currentPassword, name: 'narrow', scopes: ['read', 'account'], expiresAt })
      .expect(201);
    const child = by(narrow.apiKey);
    for (const wider of [
      { scopes: ['write'] },
      { scopes: ['read', 'write', 'account'] },
      { scopes: ['read'], expiresAt: inDays(8) },
      { scopes: ['read'], expiresAt: null },
    ])
      await child.post(keys, { currentPassword, name: 'wider', ...wider }).expect(403, 'scope_missing');
    const { body: made } = await child.post(keys, { currentPassword, name: 'the same' }).expect(201);
    expect(made).toMatchObject({ scopes: ['read', 'account'], expiresAt });
    const { body: less } = await child
      .post(keys, { currentPassword, name: 'less', scopes: ['read'], expiresAt: inDays(1) })
      .expect(201);
    await by(less.apiKey).post(keys, { currentPassword, name: 'none' }).expect(403, 'scope_missing');
    await child.put('/api/users/me', { newPassword: 'staple of another kind', currentPassword }).expect(403);
    expect((await eva.get(keys)).body.items).toHaveLength(4);
  });

  it.each([
    {},
    { name: '' },
    { name: 'x'.repeat(61) },
    { name: 'x\ny' },
    { name: 'x', scopes: [] },
    { name: 'x', scopes: ['admin'] },
    { name: 'x', expiresAt: '2001-01-01T00:00:00Z' },
    { name: 'x', expiresAt: 'tomorrow' },
    { name: 'x', isDefault: true },
    { name: 'x', userId: 'y' },
  ])('are not created from %j', async (body) => {
    const fay = await (kept ??= vitrine.signUp('fay'));
    await fay.post(keys, body).expect(422, 'validation_failed');
  });

  it('are limited to fifty, also in parallel', async () => {
    const gil = await vitrine.signUp('gil');
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => gil.post(keys, { currentPassword, name: `key ${i}` })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(49);
    expect(answers.filter(({ body }) => body.code === 'too_many_keys')).toHaveLength(11);
    const { body } = await gil.get(`${keys}?limit=30`).expect(200);
    const { body: rest } = await gil.get(`${keys}?limit=30&cursor=${body.nextCursor}`).expect(200);
    expect([body.items.length, rest.items.length, rest.nextCursor]).toEqual([30, 20, null]);
    await gil.delete(`${keys}/${body.items[0].id}`).expect(204);
    await gil.post(keys, { currentPassword, name: 'again' }).expect(201);
  });
});

let kept: ReturnType<Vitrine['signUp']> | undefined;
