import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { INestApplication } from '@nestjs/common';
import { z } from 'zod';
import { ProblemDocument } from './problem.schema.js';

const tags: Record<string, string> = {
  accounts: 'Sign-up, sign-in, sessions, codes, passwords, API keys',
  users: 'Profiles',
  uploads: 'Files on their way in: one request, or resumable (tus 1.0)',
  files: 'State of your own files',
  medias: 'What is published',
  bytes: 'Images, videos and music themselves',
  follows: 'Who follows whom, and who asks to',
  blocks: 'Blocks, which hold in both directions, and mutes',
  comments: 'What people say under medias, and to each other there',
  reactions: 'Likes, dislikes, and any other emoji',
  reposts: 'Medias shown to one’s own followers',
  saves: 'Bookmarks of one’s own',
  views: 'How often things are watched, and what you watched',
  tags: 'Words that medias are found by',
  playlists: 'Medias in an order',
  search: 'Medias, users, playlists and tags by what people type',
  notifications: 'What happened to you and yours, in lists and in mails',
  operations: 'For load balancers and operators',
};

const description = `
Sign up, verify your e-mail address, upload files, publish them, and stream them back.

**Signing in.** Send \`X-API-KEY: <key>\` or \`Authorization: Bearer <access token>\`; the "Authorize" button knows both.

**Lists** take \`limit\` and \`cursor\`, and answer \`{ items, nextCursor }\`.

**Errors** are problem documents (RFC 9457) with a stable \`code\`; all of them are listed at [/docs/problems](/docs/problems).

**Addresses** (\`href\`, \`hls\`, \`poster\`) are relative to this host.`;

type SchemasObject = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/** The document behind `/docs` and `/docs-json`, made from the same schemas that check the requests. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Vitrine')
    .setDescription(description.trim())
    .setVersion('0.1.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This host')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-KEY', description: 'An API key' }, 'apiKey')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The access token' },
      'accessToken',
    );
  for (const [name, text] of Object.entries(tags)) builder.addTag(name, text);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '').toLowerCase()}-${method}`,
  });
  const { definitions } = z.toJSONSchema(ProblemDocument, { target: 'openapi-3.0' }) as unknown as {
    definitions: SchemasObject;
  };
  document.components = { ...document.components, schemas: { ...document.components?.schemas, ...definitions } };
  return withoutLoneAllOf(document) as OpenAPIObject;
}

/** An optional reference comes out as `allOf` of one: the same without it is what people and linters expect. */
function withoutLoneAllOf(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutLoneAllOf);
  if (typeof node !== 'object' || node === null) return node;
  const { allOf } = node as { allOf?: unknown[] };
  if (allOf?.length === 1) return withoutLoneAllOf(allOf[0]);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withoutLoneAllOf(value)]));
}
