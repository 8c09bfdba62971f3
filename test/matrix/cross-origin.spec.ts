import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../setup/client.js';
import { Vitrine } from '../setup/vitrine.js';

const web = 'https://web.example.org';
let vitrine: Vitrine;
let document: Json;
beforeAll(async () => {
  vitrine = await Vitrine.start({ env: { CORS_ORIGINS: web }, workers: ['social,mail,maintenance'] });
  document = (await vitrine.client().get('/docs-json').expect(200)).body;
});
afterAll(() => vitrine?.stop());

const preflight = (path: string, method: string, origin = web) =>
  vitrine.client().send('OPTIONS', path, undefined, {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'content-type,idempotency-key,tus-resumable,x-api-key',
  });
const listed = (headers: Headers, name: string) => (headers.get(name) ?? '').toLowerCase().split(/, */);

describe('to a web page of another origin', () => {
  it('every documented operation is allowed', async () => {
    for (const [path, item] of Object.entries<Json>(document.paths)) {
      for (const verb of Object.keys(item as object)) {
        const { headers } = await preflight(path.replace(/\{\w+\}/g, 'k3JfW0aXq9TzB7Lm'), verb.toUpperCase()).expect(
          204,
        );
        const where = `${verb} ${path}`;
        expect(headers.get('access-control-allow-origin'), where).toBe(web);
        if (verb !== 'options') expect(listed(headers, 'access-control-allow-methods'), where).toContain(verb);
        expect(listed(headers, 'access-control-allow-headers'), where).toContain('x-api-key');
        expect(listed(headers, 'vary'), where).toContain('access-control-request-headers');
        expect(Number(headers.get('access-control-max-age')), where).toBeGreaterThan(600);
      }
    }
  });

  it('every documented response header can be read', async () => {
    const { headers } = await vitrine.client().get('/livez', { origin: web }).expect(200);
    const readable = [...listed(headers, 'access-control-expose-headers'), 'cache-control'];
    const names = Object.values<Json>(document.paths).flatMap((item) =>
      Object.values<Json>(item).flatMap(({ responses }) =>
        Object.values<Json>(responses).flatMap((response) => Object.keys(response.headers ?? {})),
      ),
    );
    expect(names.length).toBeGreaterThan(20);
    for (const name of new Set(names)) expect(readable).toContain(name.toLowerCase());
    for (const name of ['retry-after', 'ratelimit-remaining', 'upload-offset', 'location', 'x-request-id'])
      expect(readable).toContain(name);
  });

  it('nothing is allowed for other origins', async () => {
    const { headers } = await preflight('/api/medias', 'POST', 'https://evil.example').expect(204);
    expect(headers.get('access-control-allow-origin')).toBeNull();
    const { headers: read } = await vitrine.client().get('/api/medias', { origin: 'https://evil.example' }).expect(200);
    expect(read.get('access-control-allow-origin')).toBeNull();
    expect(listed(read, 'vary')).toContain('origin');
  });

  it('an unknown address stays 404, and a wrong method 405', async () => {
    await vitrine.client().get('/api/nothing', { origin: web }).expect(404, 'not_found');
    await vitrine.client().send('OPTIONS', '/api/nothing', undefined, { origin: web }).expect(404, 'not_found');
    const { headers } = await vitrine.client().send('OPTIONS', '/api/medias').expect(405, 'method_not_allowed');
    expect(headers.get('allow')).toBe('GET, HEAD, POST');
    expect(
      (await vitrine.client().get('/api/nothing', { origin: web })).headers.get('access-control-allow-origin'),
    ).toBe(web);
  });

  it('a tus client discovers what the server can do, and can read problem documents', async () => {
    for (const headers of [{}, { origin: web }]) {
      const answer = await vitrine
        .client()
        .send('OPTIONS', '/api/uploads', undefined, headers as Record<string, string>);
      expect(answer.status).toBe(204);
      expect(answer.headers.get('tus-version')).toBe('1.0.0');
      expect(answer.headers.get('tus-extension')).toContain('creation');
    }
    const refused = await vitrine.client().send('PATCH', '/api/uploads/x', undefined, { origin: web }).expect(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe(web);
    const ada = await vitrine.signUp();
    const missing = await ada.send('HEAD', '/api/uploads/x', undefined, { origin: web, 'tus-resumable': '1.0.0' });
    expect([missing.status, missing.headers.get('access-control-allow-origin')]).toEqual([404, web]);
    expect(listed(missing.headers, 'access-control-expose-headers')).toContain('vitrine-file');
  });
});
