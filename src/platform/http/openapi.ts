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
  uploads: 'Uploading files: in one request, or resumable (tus 1.0)',
  files: 'The state of your own files',
  medias: 'Published photos, videos and music',
  bytes: 'Delivery of images, videos and music',
  avatars: 'Pictures by hash, for any application: accounts of Vitrine are not needed',
  follows: 'Follows and follow requests',
  blocks: 'Blocks, which work in both directions, and mutes',
  comments: 'Comments on medias, and replies',
  reactions: 'Likes, dislikes, and any other emoji',
  feeds: 'What is new: from everybody, from a user, from the users you follow',
  reposts: 'Sharing medias with your followers',
  saves: 'Your bookmarks',
  views: 'View counts, and your history',
  tags: 'Tags that medias are found by',
  playlists: 'Ordered collections of medias',
  search: 'Search for medias, users, playlists and tags',
  notifications: 'What concerns you, in lists and in mails',
  messages: 'Chats of two users',
  push: 'Pushes to browsers',
  events: 'What sockets are told, over HTTP ([/docs/events](/docs/events) describes the sockets)',
  operations: 'For load balancers and operators',
};

const description = `
Sign up, verify your e-mail address, upload files, publish them, and stream them back.

**Signing in.** Send \`X-API-KEY: <key>\` or \`Authorization: Bearer <access token>\`; the "Authorize" button takes both.

**Lists** take \`limit\` and \`cursor\`, and answer \`{ items, nextCursor }\`.

**Errors** are problem documents (RFC 9457) with a stable \`code\`; all of them are listed at [/docs/problems](/docs/problems).

**Repeats** are safe: a repeated DELETE is 204 again, a PUT that changes nothing is 200, and requests that create
something take an \`Idempotency-Key\`.

**Addresses** (\`href\`, \`hls\`, \`poster\`) are relative to this host. Addresses of content that is not public are signed
until \`expiresAt\`, beside them; after that they answer 401. Request the media again for new ones.`;

type SchemasObject = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** The document behind `/docs` and `/docs-json`, generated from the schemas that validate requests. */
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
    )
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'For the avatar of one hash' },
      'avatarToken',
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

/** Examples of the problems that the operations refer to. */
const examplesIn = (paths: OpenAPIObject['paths']) => {
  const named = JSON.stringify(paths).match(/(?<=#\/components\/examples\/)\w+/g) as ProblemCode[];
  return Object.fromEntries([...new Set(named)].map((code) => [code, problemExample(code)]));
};

/** A body is parsed on all of these, even where a route needs none. */
const methodsWithBody = ['post', 'put', 'patch', 'delete'] as const;

function declareOptionalBody({ requestBody }: OperationObject, optional: ReadonlySet<string>): void {
  if (!requestBody || !('content' in requestBody)) return;
  const schema = requestBody.content['application/json']?.schema;
  if (schema && '$ref' in schema && optional.has(schema.$ref.split('/').at(-1)!)) requestBody.required = false;
}
