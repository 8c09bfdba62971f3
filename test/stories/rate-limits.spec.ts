import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../setup/client.js';
import { isLeftOut } from '../setup/needs.js';
import { Vitrine } from '../setup/vitrine.js';

const password = 'correct horse battery';

/** A separate database, emptied first: counts outlive a process. */
const redisUrl = `${process.env.VITRINE_TEST_REDIS}/9`;

const stores = [
  ['PostgreSQL', () => ({})],
  ['Redis', () => ({ REDIS_URL: redisUrl })],
] as const;

describe.each(stores)('counted in %s', (store, env) => {
  describe.skipIf(store === 'Redis' && isLeftOut('redis'))('rate limits', () => {
    let vitrine: Vitrine;
    beforeAll(async () => {
      if (store === 'Redis') {
        const client = new Redis(redisUrl);
        await client.flushdb();
        await client.quit();
      }
      vitrine = await Vitrine.start({
        workers: [],
        env: { RATE_LIMIT_FACTOR: '1', TRUST_PROXY: '127.0.0.1', ...env() },
      });
      for (const username of ['ada', 'grace'])
        await vitrine
          .client()
          .post('/api/users', { username, email: `${username}@example.org`, password })
          .expect(201);
    });
    afterAll(() => vitrine.stop());

    let next = 0;
    const from = (address = `203.0.113.${(next += 1)}`) => vitrine.client({ 'x-forwarded-for': address });
    const signIn = (usernameOrEmail: string, given: string, address?: string): Promise<Answer> =>
      from(address).post('/api/users/sign-in', { usernameOrEmail, password: given });
    const statuses = async (tries: Promise<Answer>[]) => {
      const counts: Record<number, number> = {};
      for (const { status } of await Promise.all(tries)) counts[status] = (counts[status] ?? 0) + 1;
      return counts;
    };

    it('allow ten wrong passwords per account and address, however many in parallel', async () => {
      const tries = Array.from({ length: 30 }, (_, i) => signIn('ada', `wrong ${i}`, '198.51.100.1'));
      expect(await statuses(tries)).toEqual({ 401: 10, 429: 20 });
      const refused = await signIn('ada', password, '198.51.100.1');
      expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
      expect(refused.headers.get('ratelimit-limit')).toBe('10');
      expect(refused.headers.get('ratelimit-remaining')).toBe('0');
      expect((await signIn('ada', password)).status, 'its owner, elsewhere').toBe(200);
    });

    it('count everything that notifies others', async () => {
      await vitrine.db.query('update users set email_verified_at = now()');
      const { body } = await signIn('grace', password);
      const grace = vitrine.client({ authorization: `Bearer ${body.accessToken}` });
      const writes = ['POST medias', 'PUT medias/k3JfW0aXq9TzB7Lm', 'POST comments/medias/k3JfW0aXq9TzB7Lm'];
      writes.push('PUT comments/k3JfW0aXq9TzB7Lm', 'POST follows/ada', 'POST medias/k3JfW0aXq9TzB7Lm/reposts');
      for (const write of writes) {
        const [method, path] = write.split(' ');
        const { headers } = await grace.send(method!, `/api/${path}`, {});
        expect([write, Number(headers.get('ratelimit-limit')) > 0]).toEqual([write, true]);
      }
    });

    it('count what triggers image processing, and searches', async () => {
      await vitrine.db.query('update users set email_verified_at = now()');
      const { body } = await signIn('grace', password);
      const grace = vitrine.client({ authorization: `Bearer ${body.accessToken}` });
      const left = async (method: string, path: string, of = grace) =>
        (await of.send(method, `/api/${path}`, method === 'PUT' ? {} : undefined)).headers.get('ratelimit-remaining');
      for (const place of ['profile-photo', 'channel-photo'])
        for (const method of ['PUT', 'DELETE'])
          expect([place, await left(method, `users/me/${place}`)]).not.toContain(null);
      for (const place of ['cover', 'thumbnail'])
        for (const method of ['PUT', 'DELETE']) {
          const { headers } = await grace.send(method, `/api/medias/k3JfW0aXq9TzB7Lm/${place}`, {});
          expect([place, method, headers.get('ratelimit-policy')]).toEqual([place, method, '"picture";q=60;w=600']);
        }
      expect(await left('GET', 'medias?sort=relevance&tag=tour')).not.toBeNull();
      expect(await left('GET', 'medias?sort=newest&tag=tour')).toBeNull();
      // Polling the one must not keep anybody from the other.
      for (let i = 0; i < 3; i++) await left('GET', 'notifications/unread-count');
      expect([await left('GET', 'notifications/unread-count'), await left('GET', 'notifications')]).toEqual([
        '236',
        '239',
      ]);
    });

    it('count how often an account is opened or made private, and nothing else of its profile', async () => {
      await vitrine.db.query('update users set email_verified_at = now()');
      const { body } = await signIn('grace', password);
      const grace = vitrine.client({ authorization: `Bearer ${body.accessToken}` });
      for (let i = 0; i < 10; i++) await grace.put('/api/users/me', { isPrivate: i % 2 === 0 }).expect(200);
      await grace.put('/api/users/me', { isPrivate: true }).expect(429, 'too_many_requests');
      await grace.put('/api/users/me', { isPrivate: false, displayName: 'Grace' }).expect(200);
    });

    it('treat unknown names like known ones', async () => {
      const tries = Array.from({ length: 15 }, (_, i) => signIn('nobody', `wrong ${i}`, '198.51.100.2'));
      expect(await statuses(tries)).toEqual({ 401: 10, 429: 5 });
    });

    it('stop one password tried on many accounts', async () => {
      const tries = Array.from({ length: 130 }, (_, i) => signIn(`user${i}`, 'password1', '198.51.100.3'));
      expect(await statuses(tries)).toEqual({ 401: 100, 429: 30 });
    });

    it('stop many passwords tried from many addresses, without locking out the owner', async () => {
      expect((await signIn('grace', password, '198.51.100.4')).status).toBe(200);
      expect((await signIn('grace', password, '2001:db8:1:2::10')).status).toBe(200);
      const tries = Array.from({ length: 120 }, (_, i) => signIn('grace', `wrong ${i}`));
      expect(await statuses(tries)).toEqual({ 401: 100, 429: 20 });
      expect((await signIn('grace', password, '198.51.100.4')).status).toBe(200);
      // A household has an IPv6 network, and its addresses change.
      expect((await signIn('grace', password, '2001:db8:1:2::99')).status).toBe(200);
    });

    it('allow a session ten wrong passwords, counted separately from other sessions', async () => {
      await vitrine.db.query(`update users set email_verified_at = now() where username = 'grace'`);
      const session = async () => {
        const { body } = await signIn('grace', password, '198.51.100.4');
        return vitrine.client({ authorization: `Bearer ${body.accessToken}` });
      };
      const [stolen, own] = [await session(), await session()];
      const change = (currentPassword: string) => ({ newPassword: 'staple of another kind', currentPassword });
      const tries = Array.from({ length: 30 }, (_, i) => stolen.put('/api/users/me', change(`wrong ${i}`)));
      expect(await statuses(tries)).toEqual({ 401: 10, 429: 20 });
      await stolen.put('/api/users/me', change(password)).expect(429, 'too_many_requests');
      await stolen.put('/api/users/me/newApiKey', { currentPassword: password }).expect(429);
      await own.put('/api/users/me', { username: 'grace', currentPassword: password }).expect(200);
    });

    it('allow sixty right passwords in ten minutes: each takes a core for a moment', async () => {
      const account = { username: 'edsger', email: 'edsger@example.org', password };
      await vitrine.client().post('/api/users', account).expect(201);
      const inTurn = async (one: () => Promise<Answer>) => {
        const counts: Record<number, number> = {};
        for (let i = 0; i < 63; i++) {
          const { status } = await one();
          counts[status] = (counts[status] ?? 0) + 1;
        }
        return counts;
      };
      const address = '203.0.113.250';
      expect(await inTurn(() => signIn('edsger', password, address))).toEqual({ 200: 60, 429: 3 });
      await vitrine.db.query(`update users set email_verified_at = now() where username = 'edsger'`);
      const { body } = await signIn('edsger', password);
      const edsger = vitrine.client({ authorization: `Bearer ${body.accessToken}` });
      const own = () => edsger.put('/api/users/me', { username: 'edsger', currentPassword: password });
      // Twenty changes an hour. After sixty tries the password is not even looked at.
      expect(await inTurn(own)).toEqual({ 200: 20, 429: 43 });
      const wrong = { username: 'edsger', currentPassword: 'not this one' };
      await edsger.put('/api/users/me', wrong).expect(429, 'too_many_requests');
    }, 60_000);

    it('do not count successes', async () => {
      const tries = Array.from({ length: 12 }, () => signIn('ada', password, '198.51.100.5'));
      // In parallel they count until they are known to be right.
      for (const one of tries) await one;
      for (let i = 0; i < 12; i++) expect((await signIn('ada', password, '198.51.100.6')).status).toBe(200);
    });

    it('believe the addresses of trusted proxies only', async () => {
      const direct = await Vitrine.start({ workers: [], env: { RATE_LIMIT_FACTOR: '1', ...env() } });
      try {
        const tries = Array.from({ length: 14 }, (_, i) =>
          direct
            .client({ 'x-forwarded-for': `192.0.2.${i}` })
            .post('/api/users/sign-in', { usernameOrEmail: `${store}-liar`, password: `wrong ${i}` }),
        );
        expect(await statuses(tries)).toEqual({ 401: 10, 429: 4 });
      } finally {
        await direct.stop();
      }
    });

    it('report in each answer what is left', async () => {
      const { headers } = await from('198.51.100.9').post('/api/users', {}).expect(422);
      expect(headers.get('ratelimit-policy')).toBe('"sign-up";q=100;w=3600');
      expect(headers.get('ratelimit-remaining')).toBe('99');
    });
  });
});

it('uploads are limited, however they start', async () => {
  // A thousandth: three uploads an hour, and one account.
  const vitrine = await Vitrine.start({ workers: [], env: { RATE_LIMIT_FACTOR: '0.001' } });
  try {
    const { body } = await vitrine
      .client()
      .post('/api/users', { username: 'busy', email: 'busy@example.org', password })
      .expect(201);
    await vitrine.db.query('update users set email_verified_at = now()');
    const busy = vitrine.client({ 'x-api-key': body.apiKey as string });
    const resumable = () =>
      busy.send('POST', '/api/uploads', undefined, {
        'tus-resumable': '1.0.0',
        'upload-length': '1000',
        'upload-metadata': `kind ${Buffer.from('photo').toString('base64')}`,
      });
    for (const left of ['2', '1']) {
      const { headers } = await resumable().expect(201);
      expect(headers.get('ratelimit-remaining')).toBe(left);
    }
    await busy.upload('photo', Buffer.from('no photo')).expect(415);
    await busy.upload('photo', Buffer.from('no photo')).expect(429, 'too_many_requests');
    await resumable().expect(429);
  } finally {
    await vitrine.stop();
  }
});
