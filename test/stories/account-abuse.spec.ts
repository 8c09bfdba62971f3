import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../setup/client.js';
import { until } from '../setup/until.js';
import { codeFor, mailAbout, mailsTo, Vitrine } from '../setup/vitrine.js';

const password = 'correct horse battery';
const newPassword = 'staple of another kind';
let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
});
afterAll(() => vitrine.stop());

const addressOf = (name: string) => `${name}-${randomBytes(4).toString('hex')}@example.org`;
const signUp = (email: string, username: string = `u${randomBytes(5).toString('hex')}`) =>
  vitrine.client().post('/api/users', { username, email, password });
const signIn = async (usernameOrEmail: string, secret = password): Promise<Client> => {
  const { body } = await vitrine.client().post('/api/users/sign-in', { usernameOrEmail, password: secret }).expect(200);
  return vitrine.client({ authorization: `Bearer ${body.accessToken}` });
};
const wrong = (code: string) => (code === '111111' ? '222222' : '111111');
const verify = (who: Client, username: string, code: string) => who.post(`/api/users/${username}/verify/${code}`);
/** Waits until every event has become a mail, or none. */
const mailed = () =>
  until(async () => {
    const { rows } = await vitrine.db.query(
      `select 1 from outbox_events where dispatched_at is null union all
       select 1 from bullmq.job where state not in ('completed', 'failed', 'delayed') limit 1`,
    );
    return rows.length === 0;
  }, 'all mails to be sent');

describe('the address of somebody who requested nothing', () => {
  it('gets five mails an hour, however many accounts use it, and new codes bring no new tries', async () => {
    const email = addressOf('stranger');
    const answers: number[] = [];
    for (let i = 0; i < 7; i++) {
      const { status, body } = await until(async () => {
        const answer = await signUp(email);
        // The previous account is still being erased.
        return answer.body.code !== 'email_taken' && answer;
      }, 'the address to be free again');
      answers.push(status);
      if (status !== 201) {
        expect(body.code).toBe('too_many_codes');
        continue;
      }
      const account = vitrine.client({ 'x-api-key': body.apiKey });
      const code = await codeFor(email, i + 1);
      for (let guess = 0; guess < 4; guess++) {
        const tried = await verify(account, 'me', wrong(code));
        expect([i * 4 + guess, tried.status]).toEqual([i * 4 + guess, i * 4 + guess < 10 ? 400 : 429]);
      }
      await account.send('DELETE', '/api/users/me', { currentPassword: password }).expect(204);
    }
    expect(answers).toEqual([201, 201, 201, 201, 201, 429, 429]);
    await mailed();
    const subjects = (await mailsTo(email)).map(({ subject }) => subject);
    expect(subjects).toHaveLength(5);
    for (const subject of subjects) expect(subject).toMatch(/^\d{6} is your Vitrine code$/);
  });

  it('is not mailed by one account that tries many addresses', async () => {
    const ada = await vitrine.signUp();
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++)
      statuses.push((await ada.put('/api/users/me', { email: addressOf('next'), currentPassword: password })).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  });

  it('gets a limited number of reset mails a day; the owner of a verified one can always reset', async () => {
    const email = addressOf('unasked');
    await signUp(email).expect(201);
    const ada = await vitrine.signUp();
    const resets = async (address: string) => {
      // Five in an hour, and then the next hour.
      for (let i = 0; i < 5; i++) {
        await vitrine.client().post('/api/users/password-reset', { email: address }).expect(202);
        // A request made before the last mail was sent replaces it.
        await mailed();
      }
      await vitrine.db.query(
        `update address_counts set since = since - interval '61 minutes' where what = 'mail:reset_password'`,
      );
      return (await mailsTo(address)).filter(({ subject }) => subject.includes('new Vitrine password')).length;
    };
    const [strangers, owners]: number[][] = [[], []];
    for (let hours = 0; hours < 4; hours++) {
      strangers!.push(await resets(email));
      owners!.push(await resets(ada.email));
    }
    expect(strangers).toEqual([5, 10, 15, 15]);
    expect(owners).toEqual([5, 10, 15, 20]);
  });

  it('is not readable in the counts', async () => {
    const email = addressOf('counted');
    await signUp(email).expect(201);
    const { rows } = await vitrine.db.query('select address from address_counts');
    expect(rows.length).toBeGreaterThan(0);
    for (const { address } of rows as { address: string }[]) expect(address).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('other people’s wrong codes', () => {
  it('do not lock out the signed-in owner of a new account', async () => {
    const [email, username] = [addressOf('owner'), `owner${randomBytes(4).toString('hex')}`];
    const { body } = await signUp(email, username).expect(201);
    const code = await codeFor(email);
    for (let i = 0; i < 10; i++) await verify(vitrine.client(), username, wrong(code)).expect(400, 'code_invalid');
    await verify(vitrine.client(), username, code).expect(429, 'too_many_tries');
    const other = await vitrine.signUp();
    await verify(other, username, code).expect(429, 'too_many_tries');
    await verify(vitrine.client({ 'x-api-key': body.apiKey }), 'me', code).expect(200);
  });

  it('are counted per account, for an address that several accounts request', async () => {
    const email = addressOf('wished');
    const [mallory, ada] = [await vitrine.signUp(), await vitrine.signUp()];
    for (const wisher of [mallory, ada])
      await wisher.put('/api/users/me', { email, currentPassword: password }).expect(200);
    for (let i = 0; i < 10; i++) await verify(mallory, 'me', '000000').expect(400, 'code_invalid');
    await verify(mallory, 'me', '000000').expect(429, 'too_many_tries');
    const codes = await until(async () => {
      const mails = (await mailsTo(email)).filter(({ subject }) => /^\d{6} /.test(subject));
      return mails.length === 2 && mails.map(({ subject }) => subject.slice(0, 6));
    }, 'both codes');
    // One of the two is hers, and she may try both.
    const statuses = [];
    for (const each of codes) statuses.push((await verify(ada, 'me', each)).status);
    expect(statuses).toContain(200);
  });

  it('do not prevent a reset: the mailed link still works, once', async () => {
    const ada = await vitrine.signUp();
    await vitrine.client().post('/api/users/password-reset', { email: ada.email }).expect(202);
    const code = await codeFor(ada.email, 2);
    const reset = (body: object) => vitrine.client().put('/api/users/password-reset', { newPassword, ...body });
    for (let i = 0; i < 10; i++) await reset({ email: ada.email, code: wrong(code) }).expect(400, 'code_invalid');
    await reset({ email: ada.email, code }).expect(429, 'too_many_tries');
    // Another request invalidates the code, not the link.
    await vitrine.client().post('/api/users/password-reset', { email: ada.email }).expect(202);
    const token = /password-reset#([\w-]{43})/.exec((await mailAbout('new Vitrine password', ada.email)).text)![1]!;
    await reset({ token: `${token}x` }).expect(400, 'code_invalid');
    await reset({ token, newPassword: ada.email }).expect(422, 'validation_failed');
    await reset({ token, email: ada.email, code }).expect(422, 'validation_failed');
    await reset({}).expect(422, 'validation_failed');
    await reset({ token }).expect(204);
    await reset({ token }).expect(400, 'code_invalid');
    await signIn(ada.username, newPassword);
    const { rows } = await vitrine.db.query('select 1 from password_reset_links where token_hash like $1', [
      `%${token}%`,
    ]);
    expect(rows).toEqual([]);
  });
});

describe('a thief who had access to the account', () => {
  const archive = async (client: Client, email: string) => {
    await client.get('/api/users/me/export').expect(202);
    const { text } = await mailAbout('Vitrine archive', email);
    return /\/api\/users\/me\/export\/archive\?t=[\w-]+/.exec(text)![0];
  };
  const stolen = async () => {
    const ada = await vitrine.signUp();
    const session = await signIn(ada.username);
    const { body } = await session.post('/api/users/me/api-keys', { name: 'thief' }).expect(201);
    return { ada, session, key: vitrine.client({ 'x-api-key': body.apiKey }), link: await archive(ada, ada.email) };
  };

  it('loses it after a reset: sessions, keys, links to archives', async () => {
    const { ada, session, key, link } = await stolen();
    await vitrine.client().get(link).expect(200);
    await vitrine.client().post('/api/users/password-reset', { email: ada.email }).expect(202);
    const code = await codeFor(ada.email, 2);
    await vitrine.client().put('/api/users/password-reset', { email: ada.email, code, newPassword }).expect(204);
    for (const client of [ada, session, key]) await client.get('/api/users/me').expect(401);
    await vitrine.client().get(link).expect(404, 'export_expired');
  });

  it('loses it after a new password, and the mail says so; the session that set it stays', async () => {
    const { ada, session, key, link } = await stolen();
    await session.put('/api/users/me', { newPassword, currentPassword: password }).expect(200);
    await session.get('/api/users/me').expect(200);
    for (const client of [ada, key]) await client.get('/api/users/me').expect(401);
    await vitrine.client().get(link).expect(404, 'export_expired');
    expect((await mailAbout('password was changed', ada.email)).text).toMatch(/API keys and links to archives ended/);
  });

  it('keeps it if the owner chooses so, and the mail says so, too', async () => {
    const { ada, session, key, link } = await stolen();
    const other = await signIn(ada.username);
    await session.put('/api/users/me', { newPassword, currentPassword: password, endOtherAccess: false }).expect(200);
    for (const client of [ada, session, other, key]) await client.get('/api/users/me').expect(200);
    await vitrine.client().get(link).expect(200);
    expect((await mailAbout('password was changed', ada.email)).text).toMatch(/API keys still work/);
  });

  it('stays where the owner asks for that together with a new address', async () => {
    const { ada, session, key } = await stolen();
    const other = await signIn(ada.username);
    const change = { email: addressOf('other'), newPassword, currentPassword: password };
    await session.put('/api/users/me', { ...change, endOtherAccess: false }).expect(200);
    for (const client of [session, other, key]) await client.get('/api/users/me').expect(200);
    await session.put('/api/users/me', { email: addressOf('third'), currentPassword: newPassword }).expect(200);
    await session.get('/api/users/me').expect(200);
    await other.get('/api/users/me').expect(401);
  });

  it.each(['reset', 'change', 'change that ends nothing else'])(
    'cannot bring in an address requested before a %s of the password',
    async (way) => {
      const ada = await vitrine.signUp();
      const evil = addressOf('thief');
      await ada.put('/api/users/me', { email: evil, currentPassword: password }).expect(200);
      const code = await codeFor(evil);
      if (way === 'reset') {
        await vitrine.client().post('/api/users/password-reset', { email: ada.email }).expect(202);
        const reset = await codeFor(ada.email, 2);
        await vitrine
          .client()
          .put('/api/users/password-reset', { email: ada.email, code: reset, newPassword })
          .expect(204);
      } else {
        const owner = await signIn(ada.username);
        const endOtherAccess = way === 'change';
        await owner.put('/api/users/me', { newPassword, currentPassword: password, endOtherAccess }).expect(200);
      }
      await verify(vitrine.client(), ada.username, code).expect(400, 'code_invalid');
      const { body } = await (await signIn(ada.username, newPassword)).get('/api/users/me').expect(200);
      expect([body.email, body.pendingEmail]).toEqual([ada.email, null]);
    },
  );

  it('cannot set a password equal to an address requested with it', async () => {
    const ada = await vitrine.signUp();
    const session = await signIn(ada.username);
    const email = addressOf('same');
    for (const newPassword of [email, email.split('@')[0]])
      await session.put('/api/users/me', { email, newPassword, currentPassword: password }).expect(422);
    expect((await session.get('/api/users/me').expect(200)).body.pendingEmail).toBeNull();
  });

  it('does not cost the owner a new address requested together with a new password', async () => {
    const ada = await vitrine.signUp();
    const email = addressOf('new');
    const session = await signIn(ada.username);
    await session.put('/api/users/me', { email, newPassword, currentPassword: password }).expect(200);
    await verify(session, 'me', await codeFor(email)).expect(200);
    expect((await session.get('/api/users/me').expect(200)).body.email).toBe(email);
  });

  it('can create no key with an unattended session or with a key', async () => {
    const { ada, session, key } = await stolen();
    const keys = '/api/users/me/api-keys';
    await vitrine.db.query(
      `update sessions set created_at = now() - interval '11 minutes' where user_id = (select id from users where username = $1)`,
      [ada.username],
    );
    for (const client of [session, key, ada]) {
      await client.post(keys, { name: 'x' }).expect(401, 'wrong_password');
      await client.post(keys, { name: 'x', currentPassword: 'wrong' }).expect(401, 'wrong_password');
      await client.post(keys, { name: 'x', currentPassword: password }).expect(201);
    }
    await (await signIn(ada.username)).post(keys, { name: 'fresh' }).expect(201);
  });
});

describe('with limits', () => {
  let limited: Vitrine;
  beforeAll(async () => {
    limited = await Vitrine.start({ workers: ['social,mail,maintenance'], env: { RATE_LIMIT_FACTOR: '1' } });
  });
  afterAll(() => limited.stop());

  it('an account has ten tries, by any of its names', async () => {
    const ada = await limited.signUp();
    const tries = [ada.username, ada.email, ada.username.toUpperCase(), ada.email.toUpperCase()];
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) {
      const usernameOrEmail = tries[i % tries.length]!;
      const { status } = await limited.client().post('/api/users/sign-in', { usernameOrEmail, password: 'wrong' });
      statuses.push(status);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
  });

  it('probing for addresses with an account is limited', async () => {
    const [ada, bob] = [await limited.signUp(), await limited.signUp()];
    const statuses: number[] = [];
    for (let i = 0; i < 22; i++)
      statuses.push((await ada.put('/api/users/me', { email: bob.email, currentPassword: password })).status);
    expect(statuses).toEqual([...Array<number>(20).fill(409), 429, 429]);
  });
});
