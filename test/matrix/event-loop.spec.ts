import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../setup/client.js';
import { slowestHeartbeat } from '../setup/heartbeat.js';
import { bodiesOf, readContract, type BodyRoute, type Schema } from '../setup/body-routes.js';
import { picture, video } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';
import { filled, worstTexts } from '../setup/worst-texts.js';

/** Longest acceptable wait for `/livez` while the worst body is parsed, validated and answered. */
const longestWaitMs = 250;
const maxBodyBytes = 1024 * 1024;

let vitrine: Vitrine;
let client: Client;
let routes: BodyRoute[];

beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['image,video,audio', 'social,mail,maintenance'] });
  client = await vitrine.signUp();
  routes = bodiesOf(await readContract(vitrine.origin));
});
afterAll(() => vitrine.stop());

type Case = [what: string, send: () => Promise<{ status: number }>];

/**
 * Sends all cases at once; only if `/livez` had to wait, each case is tried alone. A busy machine delays an answer
 * once: a case that is slow because of its content is slow each time.
 */
async function expectAlive(cases: Case[]): Promise<void> {
  const inTurn = async (some: Case[]) => {
    for (const [what, send] of some) expect((await send()).status, what).toBeLessThan(500);
  };
  if ((await slowestHeartbeat(vitrine.origin, () => inTurn(cases))) <= longestWaitMs) return;
  for (const one of cases) {
    const waits: number[] = [];
    do waits.push(await slowestHeartbeat(vitrine.origin, () => inTurn([one])));
    while (waits.at(-1)! > longestWaitMs && waits.length < 6);
    if (waits.at(-1)! > longestWaitMs)
      expect.fail(`${one[0]} keeps /livez waiting for ${waits.map(Math.round).join(', ')} ms`);
  }
}

const put = (route: BodyRoute, body: Buffer, type = 'application/json') =>
  client.send(route.method, route.path, body, { 'content-type': type, 'idempotency-key': crypto.randomUUID() });

/**
 * A value that contains the text wherever it can, in JSON of about this many bytes: in each field, or in many items.
 */
function large({ type, items, properties }: Schema, unit: string, bytes: number): unknown {
  if (type === 'array' && items) {
    const item = large(items, unit, 90);
    return Array.from({ length: Math.floor(bytes / (Buffer.byteLength(JSON.stringify(item)) + 1)) }, () => item);
  }
  const names = Object.keys(properties);
  if (names.length) {
    const share = Math.floor(bytes / names.length);
    return Object.fromEntries(names.map((name) => [name, large(properties[name]!, unit, share - name.length - 4)]));
  }
  const bytesOfUnit = Buffer.byteLength(JSON.stringify(unit)) - 2;
  return unit.repeat(Math.max(1, Math.floor((bytes - 2) / bytesOfUnit)));
}

/** The largest accepted value: every text as long as allowed. */
function longest(schema: Schema, unit: string): unknown {
  if (schema.type === 'array' && schema.items)
    return Array.from({ length: schema.maxItems ?? 1 }, () => longest(schema.items!, unit));
  if (schema.type === 'object')
    return Object.fromEntries(Object.entries(schema.properties).map(([name, field]) => [name, longest(field, unit)]));
  if (schema.enum) return schema.enum[0];
  if (schema.type === 'string') return schema.pattern ? schema.example : filled(unit, schema.maxLength ?? 10);
  return schema.example ?? (schema.type === 'boolean' ? true : 1);
}

describe('a route that takes a body', () => {
  it('limits the length of every text and the size of every list', () => {
    const endless = (schema: Schema, where: string): string[] => {
      if (schema.type === 'array')
        return [...(schema.maxItems ? [] : [where]), ...endless(schema.items!, `${where}[]`)];
      if (schema.type === 'object')
        return Object.entries(schema.properties).flatMap(([name, field]) => endless(field, `${where}.${name}`));
      const { type, maxLength, pattern, format, enum: choices } = schema;
      const isShort = maxLength !== undefined || pattern || choices || format === 'uuid' || format?.startsWith('date');
      return type === 'string' && !isShort ? [where] : [];
    };
    expect(routes.length).toBeGreaterThan(20);
    expect(routes.flatMap(({ name, schema }) => endless(schema, name))).toEqual([]);
  });

  it.each(Object.entries(worstTexts))('keeps answering while the largest body is full of %s', async (_, unit) => {
    await expectAlive(
      routes.flatMap((route): Case[] => {
        const largest = Buffer.from(JSON.stringify(large(route.schema, unit, maxBodyBytes - 1_000)));
        const allowed = Buffer.from(JSON.stringify(longest(route.schema, unit)));
        expect([route.name, largest.length < maxBodyBytes]).toEqual([route.name, true]);
        return [
          [`${route.name} with ${largest.length} bytes`, () => put(route, largest)],
          [`${route.name} with texts as long as allowed`, () => put(route, allowed)],
        ];
      }),
    );
  });

  it.each([
    ['arrays in arrays', () => '['.repeat(500_000) + ']'.repeat(500_000)],
    ['objects in objects', () => '{"a":'.repeat(150_000) + '1' + '}'.repeat(150_000)],
    ['deep values of a known field', () => `{"title":${'['.repeat(500_000)}${']'.repeat(500_000)}}`],
    ['many keys', () => `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join()}}`],
    ['many values', () => `{"files":[${'1,'.repeat(500_000)}1]}`],
    ['a long number', () => `{"position":1${'0'.repeat(1_000_000)}}`],
    ['a long key', () => `{"${'k'.repeat(1_000_000)}":1}`],
    ['escapes', () => `{"title":"${'\\u0301'.repeat(170_000)}"}`],
  ])('refuses %s, with an Idempotency-Key, too', async (_, body) => {
    const bytes = Buffer.from(body());
    await expectAlive(
      routes.map((route) => [
        route.name,
        async () => {
          const answer = await put(route, bytes);
          expect([400, 401, 404, 409, 413, 422], `${route.name}: ${answer.body}`).toContain(answer.status);
          return answer;
        },
      ]),
    );
  });
});

it('pages and documents for everybody are made once', async () => {
  const paths = ['/docs', '/docs/swagger-ui-init.js', '/docs-json', '/docs/problems', '/docs/player', '/docs-yaml'];
  await expectAlive(
    paths.map((path) => [
      path,
      async () => {
        const all = await Promise.all(Array.from({ length: 10 }, () => fetch(vitrine.origin + path)));
        for (const answer of all) await answer.arrayBuffer();
        return all[0]!;
      },
    ]),
  );
  expect((await fetch(`${vitrine.origin}/docs-yaml`)).status).toBe(404);
  const { headers } = await fetch(`${vitrine.origin}/docs-json`);
  const again = await fetch(`${vitrine.origin}/docs-json`, { headers: { 'if-none-match': headers.get('etag')! } });
  expect(again.status).toBe(304);
});

describe('a header, or an address in a body,', () => {
  const han = String.fromCodePoint(...Array.from({ length: 20_000 }, (_, i) => 0x4e00 + i));
  const link = (url: string) => Buffer.from(JSON.stringify({ links: [{ title: 'x', url }] }));
  const edit = (body: Buffer) => client.send('PUT', '/api/users/me', body, { 'content-type': 'application/json' });
  /** Enough requests at once for their costs to add up. */
  const often = (send: () => Promise<{ status: number }>) => async () =>
    (await Promise.all(Array.from({ length: 8 }, send)))[0]!;

  it('is handled in time', async () => {
    const stranger = vitrine.client();
    const photo = await client.publish('photo', await picture(50, 40).png().toBuffer());
    const open = `/api/photos/${photo.files[0].url}`;
    await expectAlive([
      ['a link of many letters', often(() => edit(link(`http://${han.repeat(15)}/`)))],
      ['a link of marks', often(() => edit(link(`http://a${'\u0301\u0316'.repeat(80_000)}/`)))],
      ...['a', 'Bearer', ' ', '.', 'a '].map((unit): Case => [
        `an Authorization of "${unit}"`,
        often(() => stranger.get('/api/medias', { authorization: filled(unit, 15_000) || 'x' })),
      ]),
      ...[',', 'a/b,', '"', '"\\', ';q=0', '*/*;'].map((unit): Case => [
        `an Accept of ${unit}`,
        often(() => stranger.get(open, { accept: `"${filled(unit, 15_000)}` })),
      ]),
    ]);
  });
});

describe('a body that is not JSON', () => {
  const text = (unit: string, bytes: number) => Buffer.from(filled(unit, bytes)).subarray(0, bytes);

  it('subtitles are parsed without blocking', async () => {
    const { url } = await client.publish('video', await video('64x36', 1));
    const frames = [
      Buffer.from('WEBVTT\n\n00:01.000 --> 00:02.000\n'),
      Buffer.from('1\n00:00:01,000 --> 00:00:02,000\n'),
      Buffer.alloc(0),
    ];
    const cue = `\n\n00:01.000 --> 00:02.000\n${'&'.repeat(3_900)}`;
    const units = {
      ...worstTexts,
      'long cues': cue,
      cues: '\n\n00:01.000 --> 00:02.000\nx',
      arrows: '-->\n',
      times: '1:1:1,1 ',
    };
    for (const [what, unit] of Object.entries(units))
      await expectAlive(
        frames.map((frame) => {
          const body = Buffer.concat([frame, text(unit, 2 * 1024 ** 2 - 100)]);
          return [
            `subtitles of ${what} after "${frame.toString()}"`,
            () => client.send('PUT', `/api/medias/${url}/subtitles/en`, body, { 'content-type': 'text/vtt' }),
          ];
        }),
      );
  }, 240_000);

  it.each(Object.entries(worstTexts))(
    'names of files, words and paths of %s are parsed without blocking',
    async (_, unit) => {
      const photo = await picture(20, 10).png().toBuffer();
      const filename = filled(unit, 14_000).replaceAll(/["\r\n\\]/g, ' ');
      const metadata = `filename ${text(unit, 9_000).toString('base64')},kind cGhvdG8=`;
      const creation = { 'tus-resumable': '1.0.0', 'upload-length': '10', 'upload-metadata': metadata };
      const words = encodeURIComponent(filled(unit, 1_400).toWellFormed()).slice(0, 12_000);
      const term = encodeURIComponent(filled(unit, 90).toWellFormed()).slice(0, 290);
      await expectAlive([
        ['a name in a form', () => client.upload('photo', photo, filename)],
        ['a name of a resumable upload', () => client.send('POST', '/api/uploads', undefined, creation)],
        ...['medias', 'users', 'playlists', 'tags'].map((type): Case => [
          `words for ${type}`,
          () => client.get(`/api/search?type=${type}&q=${words}`),
        ]),
        ...['medias', 'users', 'playlists'].map((list): Case => [
          `a term for ${list}`,
          () => client.get(`/api/${list}/search/${term}`),
        ]),
      ]);
    },
  );
});
