import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problems } from '../../src/platform/http/problem-codes.js';
import type { Client, Json } from '../setup/client.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let document: Json;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  document = (await vitrine.client().get('/docs-json').expect(200)).body;
});
afterAll(() => vitrine.stop());

interface Operation {
  method: string;
  path: string;
  parameters: { name: string; in: string; schema?: { type?: string; enum?: unknown[] } }[];
  requestBody?: { content: Record<string, { schema: Json }> };
}
const operations = (): Operation[] =>
  Object.entries<Record<string, object>>(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(
      ([method, operation]) => ({ parameters: [], ...operation, method: method.toUpperCase(), path }) as Operation,
    ),
  );

/** In URL encoding: NUL, lone surrogates, invalid UTF-8, overlong, SQL, wildcards, numbers. */
const inAddresses = [
  ...['%00', 'a%00b', '%ED%A0%80', '%ED%BF%BFa', '%FF', '%C0%AF', '%E2%80%AE', '%EF%BF%BF', '%zz', '%'],
  ...['%2e%2e%2f%2e%2e', '%5C', '%25', '_', '%27%3B--', '%22', '%0D%0ASet-Cookie:x', '%7B%7D', '%5B%5D', '%20'],
  ...['__proto__', 'constructor', 'null', 'NaN', '-1', '0', '1e999', '0x10', '9'.repeat(30), 'x'.repeat(299)],
  ...['x'.repeat(5_000), '%F0%9F%A6%86'.repeat(20), '%CC%81'.repeat(99), 'WyJuZXdlc3QiLCIAIl0', 'WzFd', 'bnVsbA'],
];
const inBodies: unknown[] = [
  ...[
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    'a\udfffb',
    '\uffff',
    '\u202e',
    '\r\nBcc: x@example.org',
    "'; drop table users;--",
  ],
  ...['%', '\\', '../../etc/passwd', '{{7*7}}', '__proto__', 'x'.repeat(100_000), '\u0301'.repeat(60), '🦆'.repeat(60)],
  ...[null, true, 0, -1, 1e308, -0.5, [], [[]], {}, { $ne: null }, ['\ud800'], ['\0'], [null], [{}]],
];

const names: Record<string, string> = { username: 'me', url: 'k3JfW0aXq9TzB7Lm', code: '048213', term: 'ada', t: 'x' };
const fill = (path: string, hostile: Record<string, string> = {}) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => hostile[name] ?? names[name] ?? '1');

/** Collects answers that are neither a success nor a refusal with a reason. */
async function collect(found: object[], client: Client, method: string, path: string, body?: object, shown?: unknown) {
  const headers: Record<string, string> = path.startsWith('/api/uploads') ? { 'tus-resumable': '1.0.0' } : {};
  const { status, body: answer } = await client.send(method, path, body, headers);
  if (status < 400 || (status < 500 && (method === 'HEAD' || answer.code in problems))) return;
  found.push({ method, path: path.slice(0, 200), status, shown: JSON.stringify(shown)?.slice(0, 200) });
}

it('any value in an address gets a clear answer', async () => {
  const broken: object[] = [];
  const ada = await vitrine.signUp();
  for (const { method, path, parameters } of operations()) {
    const hostile = parameters.flatMap((parameter) =>
      inAddresses.map((word) =>
        parameter.in === 'path' ? fill(path, { [parameter.name]: word }) : `${fill(path)}?${parameter.name}=${word}`,
      ),
    );
    await Promise.all(hostile.map((address) => collect(broken, ada, method, address)));
  }
  expect(broken).toEqual([]);
});

it('a list or object as a parameter is refused by name', async () => {
  const ada = await vitrine.signUp();
  const taken: object[] = [];
  for (const { method, path, parameters } of operations().filter((operation) => operation.method === 'GET')) {
    for (const { name } of parameters.filter((parameter) => parameter.in === 'query')) {
      for (const query of [`${name}[$ne]=`, `${name}[]=1`, `${name}=1&${name}=2`, `${name}.x=1`, `where=1`]) {
        const { status, body } = await ada.get(`${fill(path)}?${query}`);
        if (status !== 422 || body.code !== 'validation_failed') taken.push({ method, path, query, status });
      }
    }
  }
  expect(taken).toEqual([]);
});

const resolve = (schema: Json): Json =>
  schema?.$ref ? resolve(document.components.schemas[schema.$ref.split('/').at(-1)]) : (schema ?? {});
/** A valid value. */
function good(given: Json): unknown {
  const schema = resolve(given);
  if (schema.example !== undefined) return schema.example;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return good(schema.anyOf[0]);
  if (schema.type === 'array') return [good(schema.items)];
  if (schema.type === 'object') return goodFields(schema);
  return schema.type === 'boolean' ? true : schema.type === 'integer' || schema.type === 'number' ? 1 : 'word';
}
const goodFields = ({ properties = {}, required = [] }: Json): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => required.includes(name))
      .map(([name, schema]) => [name, good(schema)]),
  );
/** Bodies with one invalid value each, at any depth. */
function variants(given: Json): unknown[] {
  const schema = resolve(given);
  const here = [...inBodies];
  if (schema.type === 'array') here.push(...variants(schema.items).map((item) => [item]));
  if (schema.type === 'object' && schema.properties) {
    for (const [name, field] of Object.entries(schema.properties))
      here.push(...variants(field).map((value) => ({ ...goodFields(schema), [name]: value })));
  }
  return here;
}

describe('any value in a body', () => {
  it('gets a clear answer', async () => {
    const broken: object[] = [];
    for (const { method, path, requestBody } of operations()) {
      const schema = requestBody?.content['application/json']?.schema;
      if (!schema) continue;
      // Some bodies are valid, and close the account.
      const ada = await vitrine.signUp();
      const bodies = variants(schema).filter((body) => body !== null && typeof body === 'object');
      expect(bodies.length).toBeGreaterThan(10);
      for (let i = 0; i < bodies.length; i += 20)
        await Promise.all(
          bodies.slice(i, i + 20).map((body) => collect(broken, ada, method, fill(path), body as object, body)),
        );
    }
    expect(broken).toEqual([]);
  }, 180_000);
});
