import { ModulesContainer, Reflector } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createApi } from '../../src/app.setup.js';
import { readConfig } from '../../src/platform/config/env.js';
import { ACCESS } from '../../src/platform/http/access.js';
import { openApiDocument } from '../../src/platform/http/openapi.js';
import { problems } from '../../src/platform/http/problem-codes.js';
import type { RouteTable } from '../../src/platform/http/route-table.js';

const redocly = fileURLToPath(new URL('../../node_modules/.bin/redocly', import.meta.url));
let app: NestFastifyApplication;
let routes: RouteTable;
let document: OpenAPIObject;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vitrine-routes-'));
  Object.assign(process.env, { DATABASE_URL: inject('postgres'), DATA_DIR: dir, LOG_LEVEL: 'silent' });
  const config = readConfig();
  ({ app, routes } = await createApi(config, { logger: false }));
  await app.init();
  document = openApiDocument(app);
});
afterAll(async () => {
  await app.close();
  await rm(dir, { recursive: true, force: true });
});

interface Operation {
  operationId: string;
  summary?: string;
  requestBody?: { required?: boolean; content: Record<string, object> };
  responses: Record<string, { content?: object; description: string }>;
  security?: object[];
}
const operations = () =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );

describe('the documentation', () => {
  it('lists exactly the routes of the router', () => {
    const written = operations().map(({ method, path }) => `${method} ${path}`);
    // Every GET has a HEAD, documented where it answers otherwise; the documentation omits its own pages.
    const real = routes.routes
      .filter(
        ({ method, url }) =>
          !url.startsWith('/docs') &&
          url !== '/asyncapi.json' &&
          !(method === 'HEAD' && routes.routes.some((other) => other.method === 'GET' && other.url === url)),
      )
      .map(({ method, url }) => `${method} ${url.replace(/:([A-Za-z]+)/g, '{$1}')}`)
      .concat(written.filter((route) => route.startsWith('HEAD /avatars/')));
    expect(written.toSorted()).toEqual([...new Set(real)].toSorted());
  });

  it('documents purpose, answers and access of every route', () => {
    for (const { method, path, operation } of operations()) {
      const where = `${method} ${path}`;
      expect(operation.summary, where).toBeTruthy();
      expect(
        Object.keys(operation.responses).some((status) => /^[23]/.test(status)),
        where,
      ).toBe(true);
      expect(
        Object.keys(operation.responses).some((status) => status.startsWith('4')),
        where,
      ).toBe(true);
      expect(operation.security, where).toBeDefined();
    }
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('answers refusals with problem documents only', () => {
    for (const { method, path, operation } of operations()) {
      for (const [status, { content }] of Object.entries(operation.responses)) {
        if (Number(status) >= 400)
          expect(Object.keys(content ?? {}), `${method} ${path} ${status}`).toEqual(['application/problem+json']);
      }
    }
  });

  it('declares the problems that any body may cause for every operation', () => {
    for (const { method, path, operation } of operations()) {
      if (['GET', 'HEAD', 'OPTIONS'].includes(method)) continue;
      for (const status of ['400', '408', '413', '415', '503'])
        expect(Object.keys(operation.responses), `${method} ${path}`).toContain(status);
      if (path.startsWith('/api/uploads')) expect(Object.keys(operation.responses), method).toContain('412');
    }
  });

  it('can be used by client generators', () => {
    const requests = operations().flatMap(({ operation }) => Object.values(operation.requestBody?.content ?? {}));
    const sent = JSON.stringify(requests).match(/(?<=#\/components\/schemas\/)\w+/g)!;
    expect(sent.length).toBeGreaterThan(20);
    // Generators would treat a field with a default as required.
    for (const name of sent)
      expect(JSON.stringify(document.components!.schemas![name]), name).not.toContain('"default"');
    // JSON Schema has no flags: a pattern must mean the same with and without `u`.
    const patterns = [...JSON.stringify(document).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
      ([, text]) => JSON.parse(text!) as string,
    );
    expect(patterns.length).toBeGreaterThan(20);
    for (const pattern of patterns) {
      expect(new RegExp(pattern).source, pattern).toBe(new RegExp(pattern, 'u').source);
      expect(pattern).not.toMatch(/\\[pPu]\{/);
    }
  });

  it('declares which bodies are optional, and which are text', () => {
    const withoutBody = operations().filter(({ operation }) => operation.requestBody?.required === false);
    expect(withoutBody.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
      'POST /api/comments/{url}/likes',
      'POST /api/medias/{url}/likes',
      'POST /api/medias/{url}/playlists/{playlistUrl}',
      'POST /api/medias/{url}/views',
      'POST /api/users/sign-out',
    ]);
    for (const { method, path, operation } of operations()) {
      for (const { content = {} } of Object.values(operation.responses)) {
        for (const [type, body] of Object.entries(content)) {
          const isBinary = JSON.stringify(body).includes('"binary"');
          expect({ route: `${method} ${path}`, type, isBinary }).toEqual({
            route: `${method} ${path}`,
            type,
            isBinary: /^(image|video|audio)\/|zip$|octet-stream$/.test(type),
          });
        }
      }
    }
  });

  it('lints clean', async () => {
    const file = join(dir, 'openapi.json');
    await writeFile(file, JSON.stringify(document));
    const config = join(dir, 'redocly.yaml');
    await writeFile(
      config,
      'extends: [recommended]\nrules:\n  # `search` is no username.\n  no-ambiguous-paths: off\n',
    );
    const run = promisify(execFile)(process.execPath, [redocly, 'lint', '--config', config, '--format', 'json', file], {
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
      maxBuffer: 16 * 1024 * 1024,
    });
    const { stdout } = await run.catch((error: { stdout: string }) => error);
    const found = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
      problems: { ruleId: string; message: string; location: unknown[] }[];
    };
    expect(
      found.problems.map(({ ruleId, message, location }) => ({
        ruleId,
        message,
        location: JSON.stringify(location[0]).slice(-120),
      })),
    ).toEqual([]);
  });
});

describe('every route', () => {
  it('declares its access', () => {
    const silent: string[] = [];
    const reflector = app.get(Reflector);
    for (const { controllers } of app.get(ModulesContainer).values()) {
      for (const { metatype } of controllers.values()) {
        if (typeof metatype !== 'function') continue;
        const prototype = metatype.prototype as Record<string, unknown>;
        for (const name of Object.getOwnPropertyNames(prototype).filter((key) => key !== 'constructor')) {
          const handler = prototype[name];
          if (typeof handler !== 'function' || !Reflect.hasMetadata('path', handler)) continue;
          if (!reflector.getAllAndOverride(ACCESS, [handler as () => void, metatype]))
            silent.push(`${metatype.name}.${name}`);
        }
      }
    }
    expect(silent).toEqual([]);
  });

  it('is closed to anonymous requests unless declared otherwise, and answers with a problem document', async () => {
    const server = app.getHttpAdapter().getInstance();
    for (const { method, path, operation } of operations()) {
      if (operation.security!.some((way) => Object.keys(way).length === 0)) continue;
      const url = path.replace(/\{\w+\}/g, 'k3JfW0aXq9TzB7Lm');
      const answer = await server.inject({ method: method as 'GET', url, headers: { 'tus-resumable': '1.0.0' } });
      expect({ route: `${method} ${path}`, status: answer.statusCode }).toEqual({
        route: `${method} ${path}`,
        status: 401,
      });
      expect(answer.headers['content-type']).toMatch(/problem\+json/);
    }
  });

  it.each([
    '/%61pi/users/me/limits',
    '/api/users/me/limits/',
    '//api/users/me/limits',
    '/api/users/me/limits;x',
    '/API/users/me/limits',
    '/api/./users/me/limits',
  ])('is not opened by writing its path as %s', async (url) => {
    const { statusCode } = await app.getHttpAdapter().getInstance().inject({ method: 'GET', url });
    expect([401, 404]).toContain(statusCode);
  });

  it('lists its allowed methods', async () => {
    const answer = await app.getHttpAdapter().getInstance().inject({ method: 'PATCH', url: '/api/medias' });
    expect([answer.statusCode, answer.headers.allow, answer.json().code]).toEqual([
      405,
      'GET, HEAD, POST',
      'method_not_allowed',
    ]);
    expect(
      (await app.getHttpAdapter().getInstance().inject({ method: 'GET', url: '/api/nothing' })).json(),
    ).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('a body', () => {
  const send = (payload: string, type = 'application/json') =>
    app
      .getHttpAdapter()
      .getInstance()
      .inject({ method: 'POST', url: '/api/users/sign-in', payload, headers: { 'content-type': type } });

  it.each([
    ['{"usernameOrEmail":', 400],
    ['{"usernameOrEmail":{"$ne":null},"password":"x"}', 422],
    ['{"__proto__":{"a":1},"usernameOrEmail":"a","password":"b"}', 400],
    ['[]', 422],
    ['null', 422],
    ['', 422],
    [`{"usernameOrEmail":"${'a'.repeat(1_100_000)}"}`, 413],
    ['['.repeat(10_000), 400],
  ])('%.40s is refused clearly', async (payload, status) => {
    const answer = await send(payload);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toMatch(/problem\+json/);
    expect(problems).toHaveProperty(answer.json().code);
  });

  it.each(['text/plain', 'application/xml', 'APPLICATION/JSONX'])('of the type %s is not parsed', async (type) => {
    expect((await send('{}', type)).statusCode).toBe(415);
  });
});
