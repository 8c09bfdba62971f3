import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { codeFor, mailAbout, mailsTo, Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['image', 'social,mail,maintenance'] });
});
afterAll(() => vitrine.stop());

const currentPassword = 'correct horse battery';
const small = () => picture(90, 60).png().toBuffer();
const isGone = (email: string) =>
  until(
    async () => (await vitrine.db.query('select 1 from users where email = $1', [email])).rows.length === 0,
    'every row to be gone',
  );

/** A complete ZIP ends with its end of central directory record (APPNOTE 4.3.16). */
const endsWell = (zip: Buffer) => zip.subarray(-22, -18).toString('latin1') === 'PK\x05\x06';

describe('an e-mail address', () => {
  it.each([
    'a@b.org,c@d.org',
    'a@b,c@d',
    'a@b.org;c@d.org',
    '<a@b.org>',
    'Ada <a@b.org>',
    '"Ada, a"@b.org',
    'a@b.org\r\nBcc: c@d.org',
    'a@b.org\n',
    ' a@b.org, ',
    'a@b@c.org',
    'a\0@b.org',
    'a@b.org%0ABcc:c@d.org',
    'аda@example.org',
    'ada@exаmple.org',
    'a@[127.0.0.1]',
    'a@localhost',
    `${'a'.repeat(65)}@example.org`,
    `a@${'b'.repeat(250)}.org`,
  ])('%j gets no account', async (email) => {
    const { body } = await vitrine
      .client()
      .post('/api/users', { username: 'mailed-to', email, password: currentPassword })
      .expect(422, 'validation_failed');
    expect(body.errors[0].pointer).toBe('/email');
    const asked = await vitrine.client().post('/api/users/password-reset', { email });
    expect(asked.status).toBe(422);
  });

  it('with 64 characters before the @ is valid, and each mail has one recipient, whatever the name', async () => {
    const email = `${'b'.repeat(64)}@example.org`;
    const displayName = 'x" <evil@example.org>, =?utf-8?Q?=0D=0ABcc:_evil@e.org?=';
    await vitrine
      .client()
      .post('/api/users', { username: 'evil-name', email, displayName, password: currentPassword })
      .expect(201);
    await codeFor(email);
    const [mail] = await mailsTo(email);
    expect(mail!.to).toHaveLength(1);
    expect(mail!.headers).not.toHaveProperty('bcc');
    const all = (await (await fetch(`${inject('mails')}/email`)).json()) as {
      envelope: { to: { address: string }[] };
    }[];
    const envelopes = all.map(({ envelope }) => envelope.to.map(({ address }) => address));
    expect(envelopes).toContainEqual([email]);
    expect(envelopes.flat()).not.toEqual(expect.arrayContaining([expect.stringContaining('evil')]));
  });
});

describe('an account that is deleted during', () => {
  it('its own uploads and changes leaves nothing', async () => {
    const eve = await vitrine.signUp();
    const photos = await Promise.all(Array.from({ length: 12 }, small));
    const answers = await Promise.all([
      eve.send('DELETE', '/api/users/me', { currentPassword }),
      ...photos.map(async (bytes, i) => {
        await new Promise((resolve) => setTimeout(resolve, i * 40));
        return eve.upload('photo', bytes);
      }),
      eve.post('/api/users/me/api-keys', { name: 'late', currentPassword: 'correct horse battery' }),
      eve.get('/api/users/me/export'),
      eve.put('/api/users/me', { username: 'eves-new-name', currentPassword }),
      eve.put('/api/users/me', { newPassword: 'staple of another kind', currentPassword }),
      vitrine.client().post('/api/users/sign-in', { usernameOrEmail: eve.username, password: currentPassword }),
    ]);
    // If the password change came first, the old password no longer deletes it.
    if (answers[0]!.status !== 204)
      await eve.send('DELETE', '/api/users/me', { currentPassword: 'staple of another kind' }).expect(204);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    await isGone(eve.email);
    await until(async () => (await vitrine.stored()).length === 0, 'every byte to be gone');
    for (const table of ['files', 'uploads'])
      expect([table, (await vitrine.db.query(`select * from ${table}`)).rows]).toEqual([table, []]);
  }, 90_000);

  it('its own export never makes a partial archive look complete, and the link stops working', async () => {
    const bob = await vitrine.signUp();
    for (let i = 0; i < 3; i++) {
      const { body } = await bob
        .upload(
          'photo',
          await picture(900 + i, 900)
            .png()
            .toBuffer(),
        )
        .expect(202);
      await bob.settled(body.url);
    }
    await bob.get('/api/users/me/export').expect(202);
    const { text } = await mailAbout('archive', bob.email);
    const link = /\/api\/users\/me\/export\/archive\?t=[\w-]+/.exec(text)![0];
    expect((await vitrine.client().send('HEAD', link).expect(200)).bytes).toHaveLength(0);
    for (const wrong of [
      link.slice(0, -1),
      `${link}x`,
      link.toUpperCase().replace(/.*\?T=/, link.replace(/t=.*/, 't=')),
    ])
      await vitrine.client().get(wrong).expect(404, 'export_expired');
    await vitrine.client().get(link).expect(200);
    const [, during] = await Promise.all([
      bob.send('DELETE', '/api/users/me', { currentPassword }).expect(204),
      vitrine
        .client()
        .get(link)
        .then(
          ({ status, bytes }) => (status === 200 ? endsWell(bytes) : status === 404),
          // An aborted download, which every client notices.
          () => true,
        ),
    ]);
    expect(during).toBe(true);
    await vitrine.client().get(link).expect(404, 'export_expired');
    await isGone(bob.email);
    await vitrine.client().get('/readyz').expect(200);
  }, 90_000);
});
