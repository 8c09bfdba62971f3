import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawStatus } from '../setup/raw-request.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let ada: Awaited<ReturnType<Vitrine['signUp']>>;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  ada = await vitrine.signUp();
});
afterAll(() => vitrine.stop());

const request = (line: string, ...headers: string[]) =>
  rawStatus(vitrine.origin, { head: [`${line} HTTP/1.1`, ...headers] });
const key = () => `X-API-KEY: ${ada.apiKey}`;

describe('a path written differently', () => {
  /** Status for anonymous and for authorised requests. It must never be more open than the plain path. */
  it.each([
    ['GET /api/users/me/sessions', 401, 200],
    ['HEAD /api/users/me/sessions', 401, 200],
    ['GET /api/users/me/sessions/', 401, 200],
    ['GET /api/users/%6De/sessions', 401, 200],
    ['GET /%61pi/users/me/sessions', 401, 200],
    ['GET http://elsewhere.example/api/users/me/sessions', 401, 200],
    ['GET //api/users/me/sessions', 404, 404],
    ['GET /api//users/me/sessions', 404, 404],
    ['GET /API/users/me/sessions', 404, 404],
    ['GET /api/users/ME/sessions', 404, 404],
    ['GET /api/users/me/sessions;x', 404, 404],
    ['GET /api/users/me/./sessions', 404, 404],
    ['GET /api/docs/../users/me/sessions', 404, 404],
    ['GET /docs/../api/users/me/sessions', 404, 404],
    ['GET /docs/a%00b', 404, 404],
    ['GET /docs/nothing/%2e%2e/%2e%2e/package.json', 404, 404],
    ['GET /api/users/me%2Fsessions', 422, 422],
    ['GET /api/users/me\\sessions', 422, 422],
    ['GET /api/users/me/sessions%00', 404, 404],
    ['GET /api/users/%FF', 400, 400],
    ['GET /api/users/search/%00', 422, 422],
    ['GET /api/users/search/\u00ff', 400, 400],
    ['GET api/users/me/sessions', 400, 400],
    ['OPTIONS /api/users/me/sessions', 405, 405],
    ['TRACE /api/users/me/sessions', 405, 405],
    ['CONNECT /api/users/me/sessions', 0, 0],
  ])('%s', async (line, stranger, owner) => {
    expect([await request(line), await request(line, key())]).toEqual([stranger, owner]);
  });

  it('is not opened by headers that some proxies turn into a path or a method', async () => {
    for (const header of [
      'X-Original-URL: /api/users/me/sessions',
      'X-Rewrite-URL: /api/users/me/sessions',
      'X-Forwarded-Prefix: /api/users/me/sessions',
    ])
      expect(await request('GET /api/nothing', header, key())).toBe(404);
    expect(await request('POST /api/users/me', 'X-HTTP-Method-Override: DELETE', key())).toBe(405);
  });
});

it('an untrusted proxy is reported, once', async () => {
  for (let i = 0; i < 3; i++) await fetch(`${vitrine.origin}/livez`, { headers: { 'x-forwarded-for': '203.0.113.7' } });
  await expect.poll(() => vitrine.said).toMatch(/TRUST_PROXY is empty/);
  expect(vitrine.said.match(/TRUST_PROXY is empty/g)).toHaveLength(1);
});

describe('a body is parsed, whatever its type says', () => {
  const put = (type: string, body: string | Buffer) =>
    rawStatus(vitrine.origin, {
      head: [
        'PUT /api/users/me HTTP/1.1',
        key(),
        ...(type && [`Content-Type:${type}`]),
        `Content-Length: ${Buffer.byteLength(body)}`,
      ],
      body,
    });

  it.each([
    [' application/json', 422],
    ['application/json\t;', 422],
    ['APPLICATION/JSON', 422],
    ['application/json; charset="utf-8"', 422],
    ['application/json;charset= UTF-8 ; q=1', 422],
    ['application/json; charset=utf-16', 415],
    ['application/json;charset=latin1', 415],
    ['application/json, text/plain', 415],
    ['application/merge-patch+json', 415],
    ['application/x-www-form-urlencoded', 415],
    ['text/plain', 415],
    ['', 415],
  ])('%j: %i', async (type, status) => {
    expect(await put(type, '{"bio":"x","role":"admin"}')).toBe(status);
  });

  it.each<[string | Buffer, number]>([
    ['{"role":"admin","role":null}', 422],
    ['{"bio":"x","__proto__":{"role":"admin"}}', 400],
    ['{"bio":"x","\\u005f_proto__":{"role":"admin"}}', 400],
    [`{"bio":${'9'.repeat(1_000_000)}}`, 422],
    [`{"bio":${'9'.repeat(2_000_000)}}`, 413],
    [`{"bio":${'['.repeat(10_000)}`, 400],
    [`{"bio":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 400],
    ['{"bio":"x"}{"role":"admin"}', 400],
    ['NaN', 400],
    [Buffer.from('{"bio":"\xff\xfe"}', 'latin1'), 400],
    [Buffer.from('{"bio":"x"}', 'utf16le'), 400],
  ])('%.40s', async (body, status) => {
    expect(await put('application/json', body)).toBe(status);
  });
});
