import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let owner: Client;
let document: Json;
beforeAll(async () => {
  vitrine = await Vitrine.start({
    env: { CORS_ORIGINS: 'https://web.example.org' },
    workers: ['image', 'social,mail,maintenance'],
  });
  owner = await vitrine.signUp();
  document = (await vitrine.client().get('/docs-json').expect(200)).body;
});
afterAll(() => vitrine?.stop());

const credentials = ['Origin', 'Authorization', 'X-API-KEY'];
const about = (headers: Headers) => ({
  sniffing: headers.get('x-content-type-options'),
  cache: headers.get('cache-control'),
  vary: (headers.get('vary') ?? '').split(/, */).filter((name) => credentials.includes(name)),
});
const ofNobodysCache = { sniffing: 'nosniff', cache: 'private, no-store', vary: credentials };

describe('the default headers are on every answer', () => {
  it.each(['a stranger', 'a user'])('of every route, to %s', async (who) => {
    const client = who === 'a user' ? owner : vitrine.client();
    const operations = Object.entries<object>(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })),
    );
    expect(operations.length).toBeGreaterThan(90);
    for (const { method, path } of operations) {
      const url = path.replace('{username}', 'nobody').replace(/\{\w+\}/g, 'k3JfW0aXq9TzB7Lm');
      const { status, headers } = await client.send(method, url, undefined, { 'tus-resumable': '1.0.0' });
      expect({ route: `${method} ${path} ${status}`, ...about(headers) }).toEqual({
        route: `${method} ${path} ${status}`,
        ...ofNobodysCache,
      });
    }
  });

  it.each([
    ['GET', '/api/nothing', 404],
    ['PATCH', '/api/medias', 405],
    ['GET', '/api/medias/%zz', 400],
    ['GET', '/api/medias?limit=0', 422],
    ['GET', '/livez', 200],
    ['GET', '/docs', 200],
    ['GET', '/docs/player', 200],
    ['GET', '/docs/problems', 200],
    ['OPTIONS', '/api/uploads', 204],
    ['POST', '/api/uploads', 401],
  ])('%s %s', async (method, path, status) => {
    const { headers } = await vitrine.client().send(method, path).expect(status);
    expect(about(headers)).toEqual(ofNobodysCache);
  });

  it.each([
    ...['/docs', '/docs/player', '/docs/events', '/docs/problems', '/docs/nothing', '/api/medias'],
    ...['/api/users/password-reset', '/api/notifications/unsubscribe?t=k3JfW0aXq9TzB7Lm'],
  ])('GET %s is shown in no frame', async (path) => {
    const { headers } = await vitrine.client().get(path);
    expect(headers.get('content-security-policy')).toBe("frame-ancestors 'none'");
  });

  it('but those of the document, which caches may keep and ask about', async () => {
    const { headers } = await vitrine.client().get('/docs-json').expect(200);
    expect(about(headers)).toMatchObject({ cache: 'public, no-cache', sniffing: 'nosniff' });
    expect(headers.get('etag')).toMatch(/^"\w{64}"$/);
  });

  it('to invalid HTTP', async () => {
    const { hostname, port } = new URL(vitrine.origin);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(Number(port), hostname, () => socket.write('NOT HTTP\r\n\r\n'));
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('end', () => resolve(text)).on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/\r\nx-content-type-options: nosniff\r\n/i);
    expect(answer).toMatch(/\r\ncache-control: private, no-store\r\n/i);
  });

  it('of resumable uploads, from the first request to the last', async () => {
    const bytes = await picture(64, 48).jpeg().toBuffer();
    const tus = { 'tus-resumable': '1.0.0' };
    const created = await owner
      .send('POST', '/api/uploads', undefined, {
        ...tus,
        'upload-length': String(bytes.length),
        'upload-metadata': `kind ${btoa('photo')}`,
      })
      .expect(201);
    const place = created.headers.get('location')!;
    const sent = await owner
      .send('PATCH', place, bytes, { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' })
      .expect(204);
    const asked = await owner.send('HEAD', place, undefined, tus).expect(200);
    for (const { headers } of [created, sent, asked]) expect(about(headers)).toEqual(ofNobodysCache);
  });

  it('except public bytes, which everybody may cache, with their own Vary', async () => {
    const media = await owner.publish('photo', await picture(64, 48).jpeg().toBuffer());
    const url = `/api/photos/${media.files[0].url}`;
    const first = await vitrine.client().get(url).expect(200);
    const etag = first.headers.get('etag')!;
    const again = await vitrine.client().get(url, { 'if-none-match': etag }).expect(304);
    for (const { headers } of [first, again]) {
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('vary')!.split(/, */).toSorted()).toEqual(['Accept', 'Origin']);
    }
    const refused = await vitrine.client().get(url, { 'if-match': '"other"' }).expect(412);
    expect(about(refused.headers)).toEqual(ofNobodysCache);
    const hidden = await owner.publish('photo', await picture(60, 48).jpeg().toBuffer(), { visibility: 'private' });
    const own = await owner.get(`/api/photos/${hidden.files[0].url}`).expect(200);
    expect(about(own.headers)).toEqual(ofNobodysCache);
  });
});
