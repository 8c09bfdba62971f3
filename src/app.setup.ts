import multipart from '@fastify/multipart';
import { MikroORM } from '@mikro-orm/core';
import type { NestApplicationOptions, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Logger } from 'nestjs-pino';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiModule } from './app.module.js';
import type { Config } from './platform/config/env.js';
import { asyncApiDocument } from './platform/docs/asyncapi.js';
import { serveDocument } from './platform/docs/document.js';
import { setAnswerDefaults } from './platform/http/answer-headers.js';
import { allowOrigins } from './platform/http/cors.js';
import { drainRefused } from './platform/http/drain.js';
import { openApiDocument } from './platform/http/openapi.js';
import { ProblemFilter, sendProblem, toProblem } from './platform/http/problem.filter.js';
import { RouteTable } from './platform/http/route-table.js';
import { waitForOurselves } from './platform/http/silent-clients.js';
import { refuseSlowBodies } from './platform/http/slow-bodies.js';
import { warnOfUnknownProxy } from './platform/http/unknown-proxy.js';
import { acceptStream, acceptText } from './platform/http/raw-bodies.js';
import { validationPipe } from './platform/http/validation.js';
import { answerBrokenRequest } from './platform/http/broken-requests.js';
import { acceptJson } from './platform/http/json-bodies.js';
import { beginOperations } from './platform/operation.js';
import { CommandRunner } from './platform/realtime/command-runner.js';
import { Renderers } from './platform/realtime/renderers.js';
import { describedSignals } from './platform/realtime/signals.js';
import { logRequests } from './platform/observability/request-log.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const requestId = /^[A-Za-z0-9_.-]{1,64}$/;

/** Limit for a connection on which nothing happens, except while the client waits for our answer. */
const silentSocketMs = 75_000;

const httpAdapter = ({ http }: Pick<Config, 'http'>): FastifyAdapter =>
  new FastifyAdapter({
    bodyLimit: MiB,
    trustProxy: http.trustProxy.length ? [...http.trustProxy] : false,
    connectionTimeout: silentSocketMs,
    keepAliveTimeout: silentSocketMs,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 300 },
    clientErrorHandler: answerBrokenRequest,
    // A path that can't be decoded reaches neither a route nor the filter.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, request, toProblem(error)),
    genReqId: ({ headers }: IncomingMessage) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && requestId.test(given) ? given : randomUUID();
    },
  });

/** The API as used by main.ts, by tests and for the OpenAPI document; not listening yet. */
export async function createApi(config: Config, options: NestApplicationOptions) {
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule, httpAdapter(config), {
    abortOnError: false,
    bodyParser: false,
    ...options,
  });
  return { app, routes: await setupApp(app, config) };
}

/** Sets up everything that Nest does not: hooks, parsers, filters, documentation. */
async function setupApp(app: NestFastifyApplication, config: Config): Promise<RouteTable> {
  const server = app.getHttpAdapter().getInstance();
  const routes = new RouteTable();
  routes.watch(server);
  app.useLogger(app.get(Logger));
  app.setGlobalPrefix('api', { exclude: ['livez', 'readyz', 'docs/*path', 'avatars', 'avatars/*path'] });
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(new ProblemFilter(routes));

  setAnswerDefaults(server);
  beginOperations(server, app.get(MikroORM));
  logRequests(server, app.get(Logger));
  drainRefused(server);
  refuseSlowBodies(server);
  waitForOurselves(server);
  if (!config.http.trustProxy.length) warnOfUnknownProxy(server, (message) => app.get(Logger).warn(message, 'Http'));
  // Bodies are JSON unless a route says otherwise.
  server.removeAllContentTypeParsers();
  acceptJson(server);
  // Sent by mail programs and forms; the content is ignored.
  acceptText(server, /^application\/x-www-form-urlencoded/i, /\/unsubscribe$/, 64 * KiB);
  acceptText(server, /^(text\/|application\/x-subrip)/i, /\/subtitles\//, 3 * MiB);
  acceptStream(server, /^(image\/|application\/octet-stream)/i, /^\/avatars\//);
  // tus reads the stream itself.
  server.addContentTypeParser('application/offset+octet-stream', (_request, _payload, done) => done(null));
  await app.register(multipart);
  allowOrigins(server, config.http.corsOrigins);

  let document: ReturnType<typeof openApiDocument> | undefined;
  const documentOnce = () => (document ??= openApiDocument(app));
  serveDocument(server, '/docs-json', documentOnce);
  const catalogue = <T>(of: Type<T>) => app.get(of, { strict: false });
  serveDocument(server, '/asyncapi.json', () =>
    asyncApiDocument([...catalogue(Renderers).described, ...describedSignals], catalogue(CommandRunner).described),
  );
  SwaggerModule.setup('docs', app, documentOnce, {
    // Its own document is written anew for each request, and as YAML in 100 ms.
    raw: [],
    customSiteTitle: 'Vitrine API',
    // With all tags expanded, the page shows only some of this many operations.
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, docExpansion: 'none', filter: true },
  });
  return routes;
}
