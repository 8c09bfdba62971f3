import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { INestApplication } from '@nestjs/common';
import { z } from 'zod';
import type { ProblemCode } from './problem-codes.js';
import { JsonSchemas, simplified } from './json-schemas.js';
import { ProblemDocument } from './problem.schema.js';
import { addProblems, problemExample } from './route.js';

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
  feeds: 'What is new: of everybody, of a user, of those one follows',
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

**Repeats** are safe: a DELETE is 204 the second time, too, a PUT that changes nothing is 200, and what makes something new
takes an \`Idempotency-Key\`.

**Addresses** (\`href\`, \`hls\`, \`poster\`) are relative to this host. Those of what not everybody may see are signed:
\`expiresAt\` beside them says until when they are good, and a dead one is 401. Ask for the media again then.`;

type SchemasObject = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** The document behind `/docs` and `/docs-json`, made from the same schemas that check the requests. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Vitrine')
    .setDescription(description.trim())
    .setVersion('0.1.0')
    .setOpenAPIVersion('3.1.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This host')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-KEY', description: 'An API key' }, 'apiKey')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The access token' },
      'accessToken',
    );
  for (const [name, text] of Object.entries(tags)) builder.addTag(name, text);
  const schemas = new JsonSchemas();
  const document = SwaggerModule.createDocument(app, builder.build(), {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '').toLowerCase()}-${method}`,
    standardSchemaConverter: schemas.convert,
  });
  const problem = z.toJSONSchema(ProblemDocument, { override: simplified }).$defs as SchemasObject;
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...problem },
  };
  for (const item of Object.values(document.paths)) {
    for (const method of methodsWithBody) {
      const operation = item[method];
      if (!operation) continue;
      addProblems(operation.responses, ['unsupported_media_type', 'too_large', 'request_timeout']);
      declareOptionalBody(operation, schemas.optional);
    }
  }
  document.components.examples = examplesIn(document.paths);
  return document;
}

/** Of the problems that the operations name. */
const examplesIn = (paths: OpenAPIObject['paths']) => {
  const named = JSON.stringify(paths).match(/(?<=#\/components\/examples\/)\w+/g) as ProblemCode[];
  return Object.fromEntries([...new Set(named)].map((code) => [code, problemExample(code)]));
};

/** Whatever a client sends as a body is looked at, also where none is needed. */
const methodsWithBody = ['post', 'put', 'patch', 'delete'] as const;

function declareOptionalBody({ requestBody }: OperationObject, optional: ReadonlySet<string>): void {
  if (!requestBody || !('content' in requestBody)) return;
  const schema = requestBody.content['application/json']?.schema;
  if (schema && '$ref' in schema && optional.has(schema.$ref.split('/').at(-1)!)) requestBody.required = false;
}
