import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture, video } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let ada: Client;
let anybody: Client;
let rung: string;
let whole: Buffer;
let media: Json;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  ada = await vitrine.signUp();
  anybody = vitrine.client();
  media = await ada.publish('video', await video('320x180', 3));
  rung = `/api/videos/${media.files[0].url}/144p.mp4`;
  whole = (await anybody.get(rung).expect(200)).bytes;
});
afterAll(() => vitrine.stop());

it('bytes that have just been deleted are not found', async () => {
  const { url, files } = await ada.publish('photo', await picture(640, 480).jpeg().toBuffer());
  const { rows } = await vitrine.db.query<{ key: string }>(
    `select r.key from renditions r join files f on f.id = r.file_id where f.url = $1 and r.name = 'thumb' limit 1`,
    [files[0].url],
  );
  await rm((await vitrine.stored()).find((path) => path.endsWith(rows[0]!.key))!);
  await anybody.get(`/api/photos/${files[0].url}?size=thumb`).expect(404, 'rendition_not_found');
  await anybody.get(`/api/medias/${url}`).expect(200);
});

describe('public bytes', () => {
  it('may be cached by everybody for ever, and never run scripts', async () => {
    const { headers } = await anybody.get(rung).expect(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'accept-ranges': 'bytes',
      'content-type': 'video/mp4',
      'content-length': String(whole.length),
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    });
    expect(headers.get('etag')).toMatch(/^"[^"]+"$/);
    expect(Date.parse(headers.get('last-modified')!)).toBeGreaterThan(Date.now() - 600_000);
  });

  it('answer HEAD as GET, without a body', async () => {
    const got = await anybody.get(rung);
    // A range means something for GET only.
    const head = await anybody.send('HEAD', rung, undefined, { range: 'bytes=0-9' }).expect(200);
    for (const name of ['etag', 'content-length', 'content-type', 'cache-control', 'accept-ranges', 'last-modified']) {
      expect([name, head.headers.get(name)]).toEqual([name, got.headers.get(name)]);
    }
    expect(head.bytes.length).toBe(0);
  });

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=10-19', 10, 20],
    ['bytes=100-', 100, Infinity],
    ['bytes=-7', -7, Infinity],
    ['bytes=5-99999999', 5, Infinity],
    ['bytes=-99999999', 0, Infinity],
  ])('answer %s with exactly those bytes', async (range, from, to) => {
    const { bytes, headers } = await anybody.get(rung, { range }).expect(206);
    expect(bytes.equals(whole.subarray(from, Math.min(to, whole.length)))).toBe(true);
    const start = from < 0 ? whole.length + from : from;
    expect(headers.get('content-range')).toBe(`bytes ${start}-${start + bytes.length - 1}/${whole.length}`);
  });

  it('refuse ranges outside the content, and ignore invalid ones', async () => {
    const { headers } = await anybody
      .get(rung, { range: `bytes=${whole.length}-` })
      .expect(416, 'range_not_satisfiable');
    expect(headers.get('content-range')).toBe(`bytes */${whole.length}`);
    for (const range of ['bytes=abc', 'lines=1-2', 'bytes=0-1,5-6']) {
      expect((await anybody.get(rung, { range }).expect(200)).bytes.length).toBe(whole.length);
    }
  });

  it('answer conditions', async () => {
    const { headers } = await anybody.get(rung);
    const [etag, modified] = [headers.get('etag')!, headers.get('last-modified')!];
    expect((await anybody.get(rung, { 'if-none-match': etag }).expect(304)).bytes.length).toBe(0);
    await anybody.get(rung, { 'if-none-match': `"x", W/${etag}` }).expect(304);
    await anybody.get(rung, { 'if-none-match': '"other"', 'if-modified-since': modified }).expect(200);
    await anybody.get(rung, { 'if-modified-since': modified }).expect(304);
    await anybody.get(rung, { 'if-match': '"other"' }).expect(412, 'precondition_failed');
    await anybody.get(rung, { 'if-match': etag }).expect(200);
    await anybody.get(rung, { range: 'bytes=0-9', 'if-range': etag }).expect(206);
    await anybody.get(rung, { range: 'bytes=0-9', 'if-range': '"other"' }).expect(200);
  });

  it('are 404 for unknown addresses, whatever they contain', async () => {
    const { url } = media.files[0];
    for (const path of ['999p.mp4', '999p.m3u8', '..%2f..%2fsecret.m3u8', '144p.ts', 'a%00b.mp4', 'poster2']) {
      const { status, body } = await anybody.get(`/api/videos/${url}/${path}`);
      expect({ path, status, code: body.code }).toMatchObject({
        path,
        status: expect.toSatisfy((s: number) => s === 404 || s === 422),
        code: expect.any(String),
      });
    }
    await anybody.get('/api/videos/0000000000000000').expect(404, 'file_not_found');
    await anybody.get(`/api/photos/${url}`).expect(404, 'file_not_found');
  });
});

describe('private bytes', () => {
  let secret: Json;
  let fileUrl: string;
  beforeAll(async () => {
    secret = await ada.publish('video', await video('256x144', 2), { visibility: 'private' });
    fileUrl = secret.files[0].url;
  });
  const paths = () => [
    `/api/videos/${fileUrl}`,
    `/api/videos/${fileUrl}/144p.m3u8`,
    `/api/videos/${fileUrl}/144p.mp4`,
    `/api/videos/${fileUrl}/poster`,
  ];

  it('are visible to their owner on every path, and 404 to everybody else', async () => {
    const eve = await vitrine.signUp();
    for (const path of [`/api/medias/${secret.url}`, ...paths()]) {
      await anybody.get(path).expect(404);
      await eve.get(path).expect(404);
      await ada.get(path).expect(200);
    }
    for (const path of paths()) expect((await ada.get(path)).headers.get('cache-control')).toBe('private, no-store');
    await eve.put(`/api/medias/${secret.url}`, { title: 'mine' }).expect(404);
    await eve.delete(`/api/medias/${secret.url}`).expect(404);
    await eve.post(`/api/medias/${secret.url}/tag/x`).expect(404);
    await eve.get(`/api/files/${fileUrl}`).expect(404);
  });

  it('open by signed addresses, down to the last segment', async () => {
    const { body: master } = await anybody.get(secret.files[0].hls).expect(200);
    const playlist = (master as string).split('\n').find((line) => line.startsWith('/'))!;
    expect(playlist).toMatch(/[?&]t=/);
    const { body } = await anybody.get(playlist).expect(200);
    const segment = (body as string).split('\n').find((line) => line.startsWith('/'))!;
    await anybody.get(segment, { range: 'bytes=0-99' }).expect(206);
    for (const { href } of secret.files[0].renditions) await anybody.get(href).expect(200);
  });

  it('stay closed to a token that was changed, has expired, or belongs to another file', async () => {
    const token = new URL(secret.files[0].hls, vitrine.origin).searchParams.get('t')!;
    const [expiry, viewer, signature] = token.split('.') as [string, string, string];
    const later = (Number.parseInt(expiry, 36) + 3_600_000).toString(36);
    for (const t of [
      'x',
      `${later}.${viewer}.${signature}`,
      `${expiry}.${viewer.replace(/./, (c) => (c === '0' ? '1' : '0'))}.${signature}`,
      `${token}x`,
    ]) {
      await anybody.get(`/api/videos/${fileUrl}?t=${t}`).expect(401, 'media_token_invalid');
    }
    const other = await ada.publish('photo', await picture(50, 50).png().toBuffer(), { visibility: 'private' });
    await anybody.get(`/api/photos/${other.files[0].url}?t=${token}`).expect(401);
  });

  it('close when the permission ends: the address stops working', async () => {
    const follower = await vitrine.signUp();
    const shared = await ada.publish('photo', await picture(51, 51).png().toBuffer(), { visibility: 'followers' });
    await follower.get(`/api/medias/${shared.url}`).expect(404);
    const ids = `(select id from users where username = '${(follower as Json).username}'), (select id from users where username = '${(ada as Json).username}')`;
    await vitrine.db.query(`insert into follows (follower_id, followee_id, accepted_at) values (${ids}, now())`);
    const { body } = await follower.get(`/api/medias/${shared.url}`).expect(200);
    const [{ href }] = body.files[0].renditions;
    await anybody.get(href).expect(200);
    await vitrine.db.query(`delete from follows where (follower_id, followee_id) = (${ids})`);
    await anybody.get(href).expect(404);
  });

  it('are never in lists of others, and unlisted ones open by address only', async () => {
    const unlisted = await ada.publish('photo', await picture(52, 52).png().toBuffer(), { visibility: 'unlisted' });
    await anybody.get(`/api/medias/${unlisted.url}`).expect(200);
    const name = (ada as Json).username;
    const urls = async (client: Client, query: string) =>
      (await client.get(`/api/medias?limit=100&${query}`).expect(200)).body.items.map(({ url }: Json) => url);
    for (const query of ['', `username=${name}`]) {
      expect(await urls(anybody, query)).not.toContain(unlisted.url);
      expect(await urls(anybody, query)).not.toContain(secret.url);
    }
    expect(await urls(ada, 'username=me')).toEqual(expect.arrayContaining([unlisted.url, secret.url]));
    expect(await urls(ada, '')).not.toContain(secret.url);
  });
});

describe('an unpublished file', () => {
  it('is visible to its owner only', async () => {
    const { body: file } = await ada.upload('photo', await picture(53, 53).png().toBuffer()).expect(202);
    await ada.settled(file.url);
    await ada.get(`/api/photos/${file.url}`).expect(200);
    await anybody.get(`/api/photos/${file.url}`).expect(404);
    await (await vitrine.signUp()).get(`/api/photos/${file.url}`).expect(404);
    await ada.delete(`/api/files/${file.url}`).expect(204);
    await ada.get(`/api/photos/${file.url}`).expect(404);
  });
});
