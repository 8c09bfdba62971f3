import type { PoolClient } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../setup/client.js';
import { until } from '../setup/until.js';
import { codeFor, mailsTo, Vitrine } from '../setup/vitrine.js';

/**
 * A thief's request that passed the guard, and then has to wait for what ends the thief's access. Another transaction
 * holds a row, so that the order is certain.
 */
let vitrine: Vitrine;
let other: PoolClient;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
});
afterAll(() => vitrine.stop());
beforeEach(async () => {
  other = await vitrine.db.connect();
  await other.query('begin');
  return async () => {
    await other.query('rollback');
    other.release();
  };
});

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
const currentPassword = 'correct horse battery';
const newPassword = 'staple of another kind';

async function stolenSession({ username }: Account) {
  const signIn = { usernameOrEmail: username, password: currentPassword };
  const { body } = await vitrine.client().post('/api/users/sign-in', signIn).expect(200);
  return vitrine.client({ authorization: `Bearer ${body.accessToken}` });
}

const waiting = async () => {
  const { rows } = await vitrine.db.query(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows.length;
};
const someWait = (number: number) => until(async () => (await waiting()) >= number, `${number} to wait`);

/** What still gives access. */
async function left({ username }: Account) {
  const { rows } = await vitrine.db.query(
    `select (select count(*)::int from api_keys k where k.user_id = u.id and not is_default and revoked_at is null) as keys,
       (select count(*)::int from exports e where e.user_id = u.id) as exports,
       (select count(*)::int from password_reset_links l where l.user_id = u.id) as links
     from users u where username = $1`,
    [username],
  );
  return rows[0];
}

const change = (owner: Account) => owner.put('/api/users/me', { newPassword, currentPassword });

/** What the owner does to end the access of others: prepared before, and sent while the row is held. */
const ends = {
  'a change of the password': async (owner: Account) => () => change(owner).expect(200),
  'a reset of the password': async ({ email }: Account) => {
    await vitrine.client().post('/api/users/password-reset', { email }).expect(202);
    const code = await codeFor(email, 2);
    return () => vitrine.client().put('/api/users/password-reset', { email, code, newPassword }).expect(204);
  },
};
const acts = {
  'create a key': (thief: Client) => thief.post('/api/users/me/api-keys', { name: 'kept' }),
  'request an export': (thief: Client) => thief.get('/api/users/me/export'),
};

describe.each(Object.entries(ends))('a session that waits for %s', (_, prepare) => {
  it.each(Object.entries(acts))('does not %s', async (__, act) => {
    const owner = await vitrine.signUp();
    const end = await prepare(owner);
    const thief = await stolenSession(owner);
    await other.query('select from users where username = $1 for no key update', [owner.username]);
    const ended = end();
    await someWait(1);
    const acted = act(thief);
    await Promise.race([someWait(2), acted]);
    await other.query('commit');
    await ended;
    await acted.expect(401, 'bad_credentials');
    await thief.get('/api/users/me').expect(401);
    expect(await left(owner)).toEqual({ keys: 0, exports: 0, links: 0 });
  });
});

it.each(Object.entries(acts))('a session that ends while it waits does not %s', async (_, act) => {
  const owner = await vitrine.signUp();
  const thieves = [await stolenSession(owner), await stolenSession(owner)];
  await other.query('select from users where username = $1 for no key update', [owner.username]);
  const acted = thieves.map((thief) => act(thief));
  await Promise.race([someWait(2), ...acted]);
  await owner.delete('/api/users/me/sessions').expect(204);
  await other.query('commit');
  for (const answer of acted) await answer.expect(401, 'bad_credentials');
  expect(await left(owner)).toMatchObject({ keys: 0, exports: 0 });
});

it('a link that is being mailed ends with the password, like one that was mailed', async () => {
  const owner = await vitrine.signUp();
  await vitrine.db.query(`
    create function wait_for_test() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock_shared(1); return new; end $$;
    create trigger wait_for_test before insert on password_reset_links
      for each row execute function wait_for_test()`);
  await other.query('select pg_advisory_xact_lock(1)');
  await vitrine.client().post('/api/users/password-reset', { email: owner.email }).expect(202);
  await someWait(1);
  const changed = change(owner);
  await Promise.race([someWait(2), changed]);
  await other.query('commit');
  await changed.expect(200);
  const mail = await until(
    async () => (await mailsTo(owner.email)).find(({ text }) => text.includes('password-reset#')),
    'the mail with the link',
  );
  const token = /password-reset#([\w-]+)/.exec(mail.text)![1];
  const reset = vitrine.client().put('/api/users/password-reset', { token, newPassword: 'the thief has chosen it' });
  await reset.expect(400, 'code_invalid');
  expect(await left(owner)).toMatchObject({ links: 0 });
});
