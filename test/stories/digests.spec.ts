import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { mailsTo, Vitrine } from '../setup/vitrine.js';

type Account = Awaited<ReturnType<Vitrine['signUp']>>;
let vitrine: Vitrine;
let ada: Account;
let bob: Account;

beforeAll(async () => {
  vitrine = await Vitrine.start({ env: { DIGEST_AFTER_MS: '1000' } });
  [ada, bob] = (await Promise.all([vitrine.signUp(), vitrine.signUp()])) as [Account, Account];
}, 120_000);
afterAll(() => vitrine.stop());

const photo = async (owner: Client, more: object = {}): Promise<Json> =>
  owner.publish('photo', await picture(64, 64).png().toBuffer(), more);
const commentTold = (client: Client, text: string) =>
  until(async () => {
    const { body } = await client.get('/api/notifications?kind=comment').expect(200);
    return body.items.some(({ comment }: Json) => comment.text === text);
  }, 'the comment to be told');

const digests = async (account: Account) =>
  (await mailsTo(account.email)).filter(({ subject }) => subject === 'What is new for you at Vitrine');

describe('the mail', () => {
  it('makes no links of what others wrote', async () => {
    const reader = await vitrine.signUp();
    const writer = await vitrine.signUp();
    await writer.put('/api/users/me', { displayName: 'see evil.example/name' }).expect(200);
    await photo(writer, { title: 'https://evil.example/title', description: `@${reader.username}` });
    const [mail] = await until(async () => {
      const found = await digests(reader);
      return found.length > 0 && found;
    }, 'the mail');
    expect(mail!.text).toContain('evil example/name');
    expect(mail!.text).toContain('evil example/title');
    expect(mail!.text).not.toMatch(/evil\.example/);
    expect(mail!.html).not.toMatch(/evil\.example/);
  });

  it('combines notifications, and ends with one click', async () => {
    const reader = await vitrine.signUp();
    const post = await photo(reader, { title: 'Harbour' });
    for (const user of [ada, bob]) {
      await user.post(`/api/comments/medias/${post.url}`, { text: 'Nice <b>' }).expect(201);
      await user.post(`/api/follows/${reader.username}`).expect(201);
    }
    const [mail, ...others] = await until(async () => {
      const found = await digests(reader);
      return found.length > 0 && found;
    }, 'the mail');
    expect(others).toEqual([]);
    expect(mail!.text).toContain(`${bob.username} commented on “Harbour”`);
    expect(mail!.text).toMatch(/New followers: \S+ and one other/);
    const link = /<(http[^>]+)>/.exec(mail!.headers['list-unsubscribe']!)![1]!;
    expect(mail!.headers['list-unsubscribe-post']).toBe('List-Unsubscribe=One-Click');
    expect(mail!.text).toContain(link);
    const path = new URL(link).pathname + new URL(link).search;
    // Opening the page changes nothing.
    const { body: page } = await vitrine.client().get(path).expect(200);
    expect(page).toContain('<form method="post">');
    expect((await reader.get('/api/notifications/preferences')).body.comment.email).toBe(true);
    await vitrine.client().send('POST', `${path}x`, undefined, {}).expect(404);
    await vitrine
      .client()
      .send('POST', path, Buffer.from('List-Unsubscribe=One-Click'), {
        'content-type': 'application/x-www-form-urlencoded',
      })
      .expect(200);
    const form = new FormData();
    form.set('List-Unsubscribe', 'One-Click');
    await vitrine.client().send('POST', path, form).expect(200);
    const { body: preferences } = await reader.get('/api/notifications/preferences').expect(200);
    expect(Object.values<Json>(preferences).some(({ email }) => email)).toBe(false);
    await ada.post(`/api/comments/medias/${post.url}`, { text: 'Still here' }).expect(201);
    await commentTold(reader, 'Still here');
    const { rows } = await vitrine.db.query(
      `select count(*)::int as n from notification_entries e join users u on u.id = e.user_id
       where u.username = $1 and e.mail and e.mailed_at is null`,
      [reader.username],
    );
    expect(rows[0].n).toBe(0);
    expect(await digests(reader)).toHaveLength(1);
  });

  it('has what was never shown in the app, whatever is read there', async () => {
    const reader = await vitrine.signUp();
    const post = await photo(reader, { title: 'By mail only' });
    await reader.put('/api/notifications/preferences', { comment: { inApp: false, email: true } }).expect(200);
    await ada.post(`/api/comments/medias/${post.url}`, { text: 'By mail' }).expect(201);
    await bob.post(`/api/medias/${post.url}/likes`).expect(201);
    const { newestCursor } = await until(async () => {
      const { body } = await reader.get('/api/notifications').expect(200);
      return body.newestCursor && body;
    }, 'the like');
    await reader.put('/api/notifications/read', { upTo: newestCursor }).expect(204);
    const { rows } = await vitrine.db.query(
      `select n.kind, n.read_at is null as unread from notifications n join users u on u.id = n.user_id
       where u.username = $1 order by n.kind`,
      [reader.username],
    );
    expect(rows).toEqual([
      { kind: 'comment', unread: true },
      { kind: 'like', unread: false },
    ]);
    const [mail] = await until(async () => {
      const found = await digests(reader);
      return found.length > 0 && found;
    }, 'the mail');
    expect(mail!.text).toContain('By mail only');
  });

  it('is not sent to an unverified address', async () => {
    const reader = await vitrine.signUp();
    const post = await photo(reader);
    await vitrine.db.query(`update users set email_verified_at = null where username = $1`, [reader.username]);
    await ada.post(`/api/comments/medias/${post.url}`, { text: 'Unread' }).expect(201);
    const mailed = async () => {
      const { rows } = await vitrine.db.query(
        `select e.mailed_at from notification_entries e join users u on u.id = e.user_id where u.username = $1`,
        [reader.username],
      );
      return rows.length > 0 && rows.every(({ mailed_at }) => mailed_at !== null);
    };
    await until(mailed, 'the sweep');
    expect(await digests(reader)).toEqual([]);
  });

  it('reaches others when one mailbox refuses it', async () => {
    const [refusing, reader] = [await vitrine.signUp(), await vitrine.signUp()];
    await bob.post(`/api/follows/${refusing.username}`).expect(201);
    await vitrine.settled();
    // An address that no server accepts.
    await vitrine.db.query(`update users set email = 'two@example.org,' || email where username = $1`, [
      refusing.username,
    ]);
    await bob.post(`/api/follows/${reader.username}`).expect(201);
    await until(async () => (await digests(reader)).length === 1, 'the mail', 60_000);
    const { rows } = await vitrine.db.query(
      `select mail_tries, mailed_at from notification_entries e join users u on u.id = e.user_id where username = $1`,
      [refusing.username],
    );
    expect(rows).toEqual([{ mail_tries: 1, mailed_at: expect.any(Date) }]);
  });

  it('is limited to fifty strangers a day per account, and contains no addresses', async () => {
    const spammer = await vitrine.signUp();
    await vitrine.db.query(`update users set display_name = 'Support https://evil.example/login' where username = $1`, [
      spammer.username,
    ]);
    const { rows: people } = await vitrine.db.query<{ username: string }>(
      `insert into users (username, email, email_verified_at, password_hash, display_name)
       select 'stranger' || i, 'stranger' || i || '@example.org', now(), '-', 'Stranger' from generate_series(1, 70) i
       returning username`,
    );
    const reader = await vitrine.signUp();
    const post = await photo(ada);
    const names = [reader, ...people].map(({ username }) => `@${username}`);
    const comment = (some: string[]) =>
      spammer.post(`/api/comments/medias/${post.url}`, { text: some.join(' ') }).expect(201);
    await comment(names.slice(0, 1));
    await vitrine.settled();
    // At the same time, so that each could count before the others wrote.
    await Promise.all([names.slice(1, 25), names.slice(25, 48), names.slice(48)].map(comment));
    await vitrine.settled();
    const { rows } = await vitrine.db.query(
      `select count(*)::int as told, count(*) filter (where mail)::int as mailed
       from notification_entries e join users u on u.id = e.actor_id where u.username = $1 and e.user_id <> $2`,
      [
        spammer.username,
        (await vitrine.db.query('select id from users where username = $1', [ada.username])).rows[0].id,
      ],
    );
    expect(rows[0].told).toBe(71);
    expect(rows[0].mailed).toBeLessThanOrEqual(50);
    expect(rows[0].mailed).toBeGreaterThan(45);
    const mail = await until(async () => (await digests(reader))[0], 'the mail');
    expect(mail.text).toContain('Support https');
    expect(mail.text).not.toContain('evil.example');
  });

  it('is sent once for something that is done, undone and done again', async () => {
    const reader = await vitrine.signUp();
    const followed = async () => (await digests(reader)).filter(({ text }) => text.includes('follow'));
    await bob.post(`/api/follows/${reader.username}`).expect(201);
    await until(async () => (await followed()).length === 1, 'the mail');
    await bob.delete(`/api/follows/${reader.username}`).expect(204);
    await vitrine.settled();
    await bob.post(`/api/follows/${reader.username}`).expect(201);
    // Later than the repeated notification would have been mailed.
    const post = await photo(reader);
    await vitrine.settled();
    await ada.post(`/api/comments/medias/${post.url}`, { text: 'Later' }).expect(201);
    await until(async () => (await digests(reader)).some(({ text }) => text.includes('commented')), 'the next mail');
    expect(await followed()).toHaveLength(1);
    const { body } = await reader.get('/api/notifications?kind=follow').expect(200);
    expect(body.items).toHaveLength(1);
  });

  it('omits notifications that were read before', async () => {
    const reader = await vitrine.signUp();
    const post = await photo(reader);
    const { body: first } = await ada.post(`/api/comments/medias/${post.url}`, { text: 'Seen' }).expect(201);
    await commentTold(reader, first.text);
    const { body } = await reader.get('/api/notifications').expect(200);
    await reader.put('/api/notifications/read', { upTo: body.newestCursor }).expect(204);
    await vitrine.db.query(`update notification_entries set mailed_at = null`);
    await bob.post(`/api/follows/${reader.username}`).expect(201);
    const mail = await until(
      async () => (await digests(reader)).find(({ text }) => text.includes('New followers')),
      'it',
    );
    expect(mail.text).not.toContain('commented');
  });
});
