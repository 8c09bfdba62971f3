import { z } from 'zod';
import { closingCodes } from '../realtime/closing.js';

export interface DescribedEvent {
  name: string;
  payload: z.ZodType;
  /** It has a cursor, and comes again to who missed it. */
  isLasting: boolean;
}
export interface DescribedCommand {
  name: string;
  /** What a key needs for it. */
  scope: string;
  body: z.ZodType;
  answer: z.ZodType;
}

type Schema = Record<string, unknown>;

const description = `
Socket.IO 4 over WebSocket only, at \`/socket.io/\`: \`io(url, { transports: ['websocket'], auth })\` with
\`auth: { token | apiKey, cursor? }\`. Each message is an event with one object.

\`ready\` comes first, \`closing\` before the server closes. Lasting events have a \`cursor\` and \`at\`: connect with the
cursor of the last one that you have handled, and nothing is missed. The same over HTTP: \`GET /api/events\`.

A command is acknowledged with \`{ data }\`, or \`{ error: { code, status, title, detail, errors? } }\` with the codes of
[/docs/problems](/docs/problems).`.trim();

const control: DescribedEvent[] = [
  {
    name: 'ready',
    isLasting: false,
    payload: z.object({
      cursor: z.string(),
      resumed: z.boolean().meta({ description: 'True: everything after the cursor of the client follows' }),
      userId: z.uuid(),
      serverTime: z.iso.datetime(),
    }),
  },
  {
    name: 'closing',
    isLasting: false,
    payload: z.object({
      code: z.enum(closingCodes).meta({
        description: '`account_closed`: closed by its owner, or disabled. After `draining`, connect again.',
      }),
      retryAfterMs: z.int().optional().meta({ description: 'Of `draining`: wait so long' }),
    }),
  },
];
const told = { cursor: z.string(), at: z.iso.datetime() };
const Refusal = z.object({
  error: z.object({
    code: z.string(),
    status: z.int(),
    title: z.string(),
    detail: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  }),
});

const ref = (path: string) => ({ $ref: `#/${path}` });
/** Keys of components and operations have no dots. */
const keyOf = (name: string) => name.replaceAll('.', '_');

/** What sockets say and take (AsyncAPI 3.1), made from the schemas that check it. */
export function asyncApiDocument(events: readonly DescribedEvent[], commands: readonly DescribedCommand[]): object {
  const schemas: Record<string, Schema> = {};
  const messages: Record<string, object> = {};
  const operations: Record<string, object> = {};
  const message = (name: string, schema: z.ZodType, io: 'input' | 'output', summary: string, key = keyOf(name)) => {
    messages[key] = { name, title: name, summary, payload: converted(schema, io, schemas) };
    return ref(`channels/socket/messages/${key}`);
  };
  for (const { name, payload, isLasting } of [...control, ...events]) {
    const whole = isLasting ? (payload as z.ZodObject).extend(told) : payload;
    const said = message(name, whole, 'output', isLasting ? 'Lasting: has a cursor' : 'Ephemeral');
    operations[`send_${keyOf(name)}`] = { action: 'send', channel: ref('channels/socket'), messages: [said] };
  }
  const refused = message('error', Refusal, 'output', 'Acknowledgement of a command that was refused');
  for (const { name, scope, body, answer } of commands) {
    // `chat.read` is an event, too, with another payload.
    const asked = message(name, body, 'input', `A key needs the scope ${scope}`, `${keyOf(name)}_asked`);
    const done = message(`${name}.done`, z.object({ data: answer }), 'output', 'Acknowledgement');
    operations[`receive_${keyOf(name)}`] = {
      action: 'receive',
      channel: ref('channels/socket'),
      messages: [asked],
      reply: { channel: ref('channels/socket'), messages: [done, refused] },
    };
  }
  return {
    asyncapi: '3.1.0',
    info: { title: 'Vitrine, live', version: '0.1.0', description, license: { name: 'MIT' } },
    defaultContentType: 'application/json',
    channels: {
      socket: {
        address: '/socket.io/',
        description: 'One socket of a user',
        messages: Object.fromEntries(Object.keys(messages).map((key) => [key, ref(`components/messages/${key}`)])),
      },
    },
    operations,
    components: { messages, schemas },
  };
}

/** Named schemas go to the components, as AsyncAPI has them. */
function converted(schema: z.ZodType, io: 'input' | 'output', schemas: Record<string, Schema>): Schema {
  const {
    $defs = {},
    $schema: _,
    ...own
  } = z.toJSONSchema(schema, { target: 'draft-7', io, unrepresentable: 'any' }) as {
    $defs?: Record<string, Schema>;
    definitions?: Record<string, Schema>;
  } & Schema;
  const { definitions = {}, ...rest } = own as { definitions?: Record<string, Schema> } & Schema;
  // What a client sends may differ from what it gets: texts that are optional, or have a default.
  const suffix = io === 'input' ? 'Sent' : '';
  for (const [name, named] of Object.entries({ ...$defs, ...definitions }))
    schemas[name + suffix] = moved(named, suffix) as Schema;
  return moved(rest, suffix) as Schema;
}

function moved(value: unknown, suffix: string): unknown {
  if (Array.isArray(value)) return value.map((one) => moved(one, suffix));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // Each has a name of its own by its key.
      .filter(([key, one]) => !(key === 'id' && typeof one === 'string'))
      .map(([key, one]) => [
        key,
        key === '$ref' && typeof one === 'string'
          ? `#/components/schemas/${one.split('/').at(-1)}${suffix}`
          : moved(one, suffix),
      ]),
  );
}
