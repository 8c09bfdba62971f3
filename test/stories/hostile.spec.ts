import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let ada: Client & { username: string };
beforeAll(async () => {
  vitrine = await Vitrine.start();
  ada = await vitrine.signUp();
});
afterAll(() => vitrine.stop());

const statuses = async (calls: Promise<{ status: number }>[]) =>
  (await Promise.all(calls)).map(({ status }) => status).toSorted();

describe('at the same moment', () => {
  it('one file is published once', async () => {
    const { body: file } = await ada.upload('photo', await picture(61, 61).png().toBuffer()).expect(202);
    const publish = () => ada.post('/api/medias', { type: 'photo', files: [file.url] });
    expect(await statuses(Array.from({ length: 8 }, publish))).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
  });

  it('a file is either published or deleted', async () => {
    for (let i = 0; i < 6; i++) {
      const { body: file } = await ada
        .upload(
          'photo',
          await picture(70 + i, 62)
            .png()
            .toBuffer(),
        )
        .expect(202);
      const answers = await Promise.all([
        ada.post('/api/medias', { type: 'photo', files: [file.url] }),
        ada.delete(`/api/files/${file.url}`),
      ]);
      expect(['201 409', '404 204']).toContain(answers.map(({ status }) => status).join(' '));
    }
  });

  it('two lists of tags in opposite order do not deadlock', async () => {
    const medias: Json[] = [];
    for (let i = 0; i < 2; i++)
      medias.push(
        await ada.publish(
          'photo',
          await picture(63 + i, 63)
            .png()
            .toBuffer(),
        ),
      );
    for (let round = 0; round < 8; round++) {
      const tags = Array.from({ length: 20 }, (_, i) => `t${round}-${i}`);
      expect(
        await statuses(
          medias.map(({ url }, i) => ada.put(`/api/medias/${url}`, { tags: i ? tags : tags.toReversed() })),
        ),
      ).toEqual([200, 200]);
    }
  });

  it("the owner's counters stay exact", async () => {
    const bob = await vitrine.signUp();
    const medias = await Promise.all(
      [0, 1, 2, 3].map(async (i) =>
        bob.publish(
          'photo',
          await picture(64, 64 + i)
            .png()
            .toBuffer(),
        ),
      ),
    );
    const changes = medias.flatMap(({ url }) =>
      ['private', 'public', 'unlisted', 'public', 'followers'].map((visibility) =>
        bob.put(`/api/medias/${url}`, { visibility }),
      ),
    );
    await Promise.all([...changes, bob.delete(`/api/medias/${medias[0].url}`)]);
    const { rows } = await vitrine.db.query(
      `select u.photos_count as counted, (select count(*)::int from medias m where m.owner_id = u.id and shown and visibility = 'public') as real
       from users u where username = $1`,
      [bob.username],
    );
    expect(rows[0].counted).toBe(rows[0].real);
  });
});

describe('an upload settled twice', () => {
  it('keeps the bytes of its file', async () => {
    const bytes = await picture(65, 65).png().toBuffer();
    const tus = { 'tus-resumable': '1.0.0' };
    const more = {
      'upload-length': String(bytes.length),
      'upload-metadata': `kind ${Buffer.from('photo').toString('base64')}`,
      'content-type': 'application/offset+octet-stream',
    };
    const { headers } = await ada.send('POST', '/api/uploads', bytes, { ...tus, ...more }).expect(201);
    const location = headers.get('location')!;
    const url = headers.get('vitrine-file')!;
    await ada.settled(url);
    // As seen by another process that took over while the first one was committing.
    await vitrine.db.query(`update uploads set state = 'open', file_url = null where id = $1`, [
      location.split('/').at(-1),
    ]);
    const again = await ada.send('HEAD', location, undefined, tus).expect(200);
    expect(again.headers.get('vitrine-file')).toBe(url);
    expect((await ada.get(`/api/photos/${url}?raw=1`).expect(200)).bytes.equals(bytes)).toBe(true);
    await ada
      .send('PATCH', location, Buffer.alloc(0), {
        ...tus,
        'upload-offset': String(bytes.length),
        'content-type': 'application/offset+octet-stream',
      })
      .expect(204);
  });

  it('of known bytes restarts the expiry of the known file', async () => {
    const bytes = await picture(66, 66).png().toBuffer();
    const { body } = await ada.upload('photo', bytes).expect(202);
    await vitrine.db.query(`update files set unused_since = now() - interval '23 hours 59 minutes' where url = $1`, [
      body.url,
    ]);
    await ada.upload('photo', bytes).expect(200);
    const { rows } = await vitrine.db.query(
      `select unused_since > now() - interval '1 minute' as fresh from files where url = $1`,
      [body.url],
    );
    expect(rows[0].fresh).toBe(true);
  });
});

describe('tags', () => {
  it('with strange names work', async () => {
    const media = await ada.publish('photo', await picture(67, 67).png().toBuffer(), { tags: ['old', 'older'] });
    const { body } = await ada.put(`/api/medias/${media.url}`, { tags: ['null'] }).expect(200);
    expect(body.tags).toEqual(['null']);
  });

  it('are limited to thirty, however they are added', async () => {
    const media = await ada.publish('photo', await picture(68, 68).png().toBuffer(), {
      tags: Array.from({ length: 30 }, (_, i) => `n${i}`),
    });
    expect(media.tags).toEqual(Array.from({ length: 30 }, (_, i) => `n${i}`));
    await ada.post(`/api/medias/${media.url}/tag/n3`).expect(200);
    await ada.post(`/api/medias/${media.url}/tag/one-more`).expect(422, 'validation_failed');
  });
});

describe('a signed address', () => {
  it('never opens the raw upload, and ends with the account', async () => {
    const eve = await vitrine.signUp();
    const media = await eve.publish('photo', await picture(69, 69).png().toBuffer(), { visibility: 'private' });
    const { href } = media.files[0].renditions[0];
    const t = new URL(href, vitrine.origin).searchParams.get('t');
    await vitrine.client().get(href).expect(200);
    await vitrine.client().get(`/api/photos/${media.files[0].url}?raw=1&t=${t}`).expect(403, 'not_yours');
    await vitrine.db.query('update users set disabled_at = now() where username = $1', [eve.username]);
    await vitrine.client().get(href).expect(404);
    await eve.get('/api/users/me').expect(401);
  });
});

describe('nonsense', () => {
  it('is refused clearly', async () => {
    const anybody = vitrine.client();
    await anybody
      .post('/api/users/sign-in', { usernameOrEmail: 'a\u0000b', password: 'x' })
      .expect(422, 'validation_failed');
    await anybody
      .post('/api/users/sign-in', { usernameOrEmail: 'a', password: 'x\u0000' })
      .expect(401, 'invalid_credentials');
    const cursor = Buffer.from(
      JSON.stringify(['most-viewed', 99_999_999_999, '01990000-0000-7000-8000-0000000000aa']),
    ).toString('base64url');
    await anybody.get(`/api/medias?sort=most-viewed&cursor=${cursor}`).expect(422, 'validation_failed');
    for (const title of ['a\u0000b', 'a\u202Eb', 'a\u0007'])
      await ada.put('/api/medias/k3JfW0aXq9TzB7Lm', { title }).expect(422);
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`unknown-key-${i}`, 1]));
    expect((await anybody.post('/api/users/sign-in', many).expect(422)).bytes.length).toBeLessThan(20_000);
    const { body } = await anybody.get('/api/users/%zz').expect(400, 'malformed_request');
    expect(body.instance).toBeTruthy();
  });

  it('requested again and again is limited: codes', async () => {
    const { body } = await vitrine
      .client()
      .post('/api/users', { username: 'spammed', email: 'spammed@example.org', password: 'correct horse' })
      .expect(201);
    const spammed = vitrine.client({ 'x-api-key': body.apiKey });
    for (let i = 0; i < 4; i++) await spammed.post('/api/users/resend-email').expect(202);
    const { headers } = await spammed.post('/api/users/resend-email').expect(429, 'too_many_codes');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(3_500);
    for (let i = 0; i < 10; i++) await vitrine.client().post('/api/users/spammed/verify/abc').expect(400);
    await vitrine.client().post('/api/users/spammed/verify/abc').expect(429, 'too_many_tries');
  });
});

describe('a body sent slowly', () => {
  it('is cut off with an answer', async () => {
    const { port } = new URL(vitrine.origin);
    const socket = connect(Number(port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(
      'POST /api/users/sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{',
    );
    const drip = setInterval(() => socket.write(' '), 2_000);
    await until(async () => socket.destroyed || answer.includes('408'), 'the answer', 45_000);
    clearInterval(drip);
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1.1 408/);
    expect(answer).toContain('request_timeout');
  }, 60_000);
});
