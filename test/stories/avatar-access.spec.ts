import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AvatarClient, avatarSecret, avatarToken, bearer, inAnHour, newHash, square } from '../setup/avatars.js';
import type { Client } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let anybody: Client;
let avatars: AvatarClient;
beforeAll(async () => {
  vitrine = await Vitrine.start({ env: { AVATAR_JWT_SECRET: avatarSecret }, workers: ['social,maintenance'] });
  anybody = vitrine.client();
  avatars = new AvatarClient(anybody);
});
afterAll(() => vitrine.stop());

const command = (...args: string[]) => vitrine.command('avatars', ...args);

describe('an upload', () => {
  it('is a picture and nothing else, of any length of time', async () => {
    const hash = newHash();
    const json = { ...bearer(hash), 'content-type': 'application/json' };
    for (const body of ['"GIF89a"', '{}', '[1]', '1'])
      await anybody.send('POST', `/avatars/${hash}`, Buffer.from(body), json).expect(415);
    await anybody
      .send('POST', `/avatars/${hash}`, Buffer.from('x'), { ...bearer(hash), 'content-type': 'text/plain' })
      .expect(415);
    await avatars.has(hash).expect(404);
  });

  it('of a busy animation takes seconds, not minutes', async () => {
    const noise = () =>
      sharp({
        create: {
          width: 512,
          height: 512,
          channels: 3,
          background: '#000',
          noise: { type: 'gaussian', mean: 128, sigma: 60 },
        },
      })
        .png()
        .toBuffer();
    const frames = await Promise.all(Array.from({ length: 30 }, noise));
    const gif = await sharp(frames, { join: { animated: true } })
      .webp({ quality: 60, effort: 0, delay: Array(30).fill(80) })
      .toBuffer();
    const hash = newHash();
    const { body } = await avatars.upload(hash, gif).expect(201);
    expect(body.type).toBe('webp');
    expect((await avatars.read(`${hash}/large`, 'image/gif')).headers.get('content-type')).toBe('image/gif');
  }, 60_000);
});

it('a picture in another format than asked for says what it was chosen by', async () => {
  const hash = newHash();
  const { body } = await avatars.upload(hash, await square('#ff0000')).expect(201);
  for (const [format, vary] of [
    ['gif', 'Origin, Accept'],
    ['png', 'Origin'],
  ] as const) {
    const { headers } = await anybody.get(`${body.href}&format=${format}`, { accept: 'image/jpeg' }).expect(200);
    expect([format, headers.get('vary')]).toEqual([format, vary]);
  }
});

describe('any hash', () => {
  it('has a picture, each another one', async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 1000; i += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => avatars.read(`${newHash()}/small`)));
      for (const { bytes } of answers)
        seen.add(
          createHash('sha1')
            .update(await sharp(bytes).raw().toBuffer())
            .digest('hex'),
        );
    }
    expect(seen.size).toBe(1000);
  }, 60_000);

  it('keeps its picture, in every size and format', async () => {
    const hash = newHash();
    for (const [size, side] of [
      ['small', 128],
      ['original', 1024],
    ] as const)
      for (const format of ['webp', 'png', 'jpeg']) {
        const { bytes, headers } = await avatars.read(`${hash}/${size}`, `image/${format}`);
        expect(await sharp(bytes).metadata()).toMatchObject({ format, width: side, height: side });
        expect(headers.get('cache-control')).toBe('public, no-cache');
        const again = { accept: `image/${format}`, 'if-none-match': headers.get('etag')! };
        await anybody.get(`/avatars/${hash}/${size}`, again).expect(304);
      }
    expect((await avatars.read(hash.toUpperCase())).bytes).toEqual((await avatars.read(hash)).bytes);
  });

  it('is forty hexadecimal digits', async () => {
    const hash = newHash();
    for (const path of [
      'x',
      hash.slice(1),
      `${hash}0`,
      `${hash}/huge`,
      `${hash}/0`,
      `${hash}/-1`,
      `${hash}/1e3`,
      `${hash}/${hash}/x`,
    ])
      await anybody.get(`/avatars/${path}`).expect(422);
  });
});

it('describes itself', async () => {
  const { body } = await anybody.get('/avatars').expect(200);
  expect(body).toMatchObject({
    links: { write: { method: 'POST', href: '/avatars/{hash}' } },
    parameters: { size: { default: 'medium', names: { small: 128, original: 1024 } } },
  });
});

describe('a token', () => {
  it('is for one hash, expires, and is signed by the integrator', async () => {
    const hash = newHash();
    const bytes = await square('#ff0000');
    const claims = { hash, exp: inAnHour() };
    const wrong: [Record<string, string>, number, string][] = [
      [{}, 401, 'avatar_token_missing'],
      [{ authorization: avatarToken(claims) }, 401, 'avatar_token_missing'],
      [{ authorization: `Bearer ${avatarToken(claims).slice(0, -2)}` }, 401, 'avatar_token_invalid'],
      [
        { authorization: `Bearer ${avatarToken(claims, { key: 'another secret, as long as the right one' })}` },
        401,
        'avatar_token_invalid',
      ],
      [{ authorization: `Bearer ${avatarToken(claims, { alg: 'none' })}` }, 401, 'avatar_token_invalid'],
      [bearer(hash, { exp: inAnHour() - 7200 }), 401, 'avatar_token_invalid'],
      [bearer(hash, { exp: undefined }), 401, 'avatar_token_invalid'],
      [bearer(hash, { hash: undefined }), 401, 'avatar_token_invalid'],
      [bearer(newHash()), 403, 'avatar_token_mismatch'],
    ];
    for (const [headers, status, code] of wrong) {
      expect((await avatars.upload(hash, bytes, headers as { authorization: string }).expect(status)).body.code).toBe(
        code,
      );
      await avatars.delete(hash, headers).expect(status);
      await anybody
        .send('POST', `/avatars/${hash}?token=${avatarToken(claims)}`, bytes, {
          'content-type': 'image/png',
          ...headers,
        })
        .expect(status);
    }
    await avatars.has(hash).expect(404);
    const strong = { authorization: `Bearer ${avatarToken(claims, { alg: 'HS512' })}` };
    await avatars.upload(hash.toUpperCase(), bytes, strong).expect(201);
    await avatars.has(hash).expect(204);
  });

  it('is printed by the operator’s command', async () => {
    const hash = newHash();
    const { stdout } = await command('token', hash, '--seconds', '60');
    await avatars.upload(hash, await square('#ff0000'), { authorization: `Bearer ${stdout.trim()}` }).expect(201);
  });
});

it('every user without a photo has one, the same everywhere, that stays', async () => {
  const full = await Vitrine.start();
  try {
    const ada = await full.signUp();
    const { body: profile } = await ada.get('/api/users/me').expect(200);
    expect(profile.avatarUrl).toMatch(/^\/avatars\/[0-9a-f]{40}$/);
    await full.client().get(profile.avatarUrl).expect(200);
    const bob = await full.signUp();
    await bob.post(`/api/follows/${ada.username}`).expect(201);
    await full.settled();
    const { body: notified } = await ada.get('/api/notifications').expect(200);
    const { body: bobs } = await bob.get('/api/users/me').expect(200);
    expect(notified.items[0].actors[0].avatarUrl).toBe(bobs.avatarUrl);
    expect(bobs.avatarUrl).not.toBe(profile.avatarUrl);
    const { body: photo } = await ada.upload('photo', await picture(300, 300).jpeg().toBuffer()).expect(202);
    await ada.settled(photo.url);
    const { body: media } = await ada.post('/api/medias', { type: 'photo', files: [photo.url] }).expect(201);
    expect(media.owner.avatarUrl).toBe(profile.avatarUrl);
  } finally {
    await full.stop();
  }
}, 60_000);

it('uploads of one hash, and new drawings for one network, are limited', async () => {
  const limited = await Vitrine.start({
    env: { AVATAR_JWT_SECRET: avatarSecret, RATE_LIMIT_FACTOR: '0.05' },
    workers: [],
  });
  try {
    const hash = newHash();
    const bytes = await square('#ff0000', 20);
    const send = (of: string) =>
      limited.client().send('POST', `/avatars/${of}`, bytes, { 'content-type': 'image/png', ...bearer(of) });
    for (const status of [201, 200, 200, 429]) await send(hash).expect(status);
    await send(newHash()).expect(201);
    const types = new Set<string | null>();
    for (let i = 0; i < 80; i++) {
      const { headers } = await limited.client().get(`/avatars/${newHash()}`, { accept: 'image/png' }).expect(200);
      types.add(headers.get('content-type'));
    }
    expect([...types]).toEqual(['image/png', 'image/svg+xml']);
  } finally {
    await limited.stop();
  }
}, 60_000);
