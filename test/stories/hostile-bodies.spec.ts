import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { picture, video } from '../setup/make-media.js';
import { rawStatus, type RawRequest } from '../setup/raw-request.js';
import { Siege } from '../setup/siege.js';

const MiB = 1024 ** 2;
let siege: Siege;
let photo: Buffer;
let resumable: string;
let slow: Promise<number>[];
beforeAll(async () => {
  siege = await Siege.begin();
  photo = await picture(60, 40).png().toBuffer();
  // Takes more than a minute to be refused, so it runs beside the others.
  const dripping = (begun: Buffer) =>
    rawStatus(origin(), { ...sized(begun, { 'content-length': 100_000 }), drip: 'x' }, 140_000);
  const creation = { 'tus-resumable': '1.0.0', 'upload-length': '100000', 'upload-metadata': 'kind cGhvdG8=' };
  const { headers } = await siege.attacker.send('POST', '/api/uploads', undefined, creation);
  resumable = headers.get('location')!;
  const patch = head(
    {
      'tus-resumable': '1.0.0',
      'upload-offset': 0,
      'content-type': 'application/offset+octet-stream',
      'content-length': 100_000,
    },
    resumable,
    'PATCH',
  );
  slow = [
    dripping(file().subarray(0, 100)),
    // Before the file, and after it.
    dripping(Buffer.from('--x\r\n')),
    dripping(file()),
    rawStatus(origin(), { head: patch, drip: 'x' }, 140_000),
  ];
});
afterAll(() => siege.end());

const origin = () => siege.vitrine.origin;
const head = (more: Record<string, string | number>, path = '/api/photos/upload', method = 'POST') => [
  `${method} ${path} HTTP/1.1`,
  ...Object.entries({ ...siege.attacker.credentials, ...more }).map(([name, value]) => `${name}: ${value}`),
];
const multipart = { 'content-type': 'multipart/form-data; boundary=x' };
const part = (name: string, content: Buffer | string, filename?: string) =>
  Buffer.concat([
    Buffer.from(`--x\r\ncontent-disposition: form-data; name="${name}"`),
    Buffer.from(filename === undefined ? '\r\n\r\n' : `; filename="${filename}"\r\n\r\n`),
    ...[Buffer.from(content), Buffer.from('\r\n')],
  ]);
const last = Buffer.from('--x--\r\n');
const form = (...parts: Buffer[]): RawRequest => sized(Buffer.concat([...parts, last]));
const sized = (body: Buffer, more: Record<string, string | number> = {}): RawRequest => ({
  head: head({ ...multipart, 'content-length': body.length, ...more }),
  body,
});
const file = (content: Buffer | string = photo, filename = 'a.png') => part('file', content, filename);
const times = (count: number, make: (i: number) => Buffer) => Array.from({ length: count }, (_, i) => make(i));

/** Bodies that clients may send, and the status they must get. */
const bodies: [string, number, () => RawRequest][] = [
  ['10,000 fields', 413, () => form(...times(10_000, (i) => part(`f${i}`, 'x')))],
  ['10,000 fields, then the file', 413, () => form(...times(10_000, (i) => part(`f${i}`, 'x')), file())],
  ['10,000 files of another name', 422, () => form(...times(10_000, (i) => part(`f${i}`, 'x', 'a')))],
  ['a field of a megabyte, which nobody reads', 202, () => form(part('f', Buffer.alloc(MiB, 'x')), file())],
  ['a part without anything', 422, () => form(file(''))],
  ['no part', 422, () => form()],
  ['a part with a head of a megabyte', 415, () => form(part('file', 'x', 'n'.repeat(MiB)))],
  ['no last boundary', 400, () => sized(file())],
  ['no boundary at all', 400, () => sized(photo)],
  ['no boundary named', 400, () => sized(Buffer.concat([file(), last]), { 'content-type': 'multipart/form-data' })],
  ['no body', 422, () => ({ head: head({ ...multipart, 'content-length': 0 }) })],
  ['a body that is not said', 422, () => ({ head: head(multipart) })],
  ['less than it said', 400, () => ({ ...sized(file(), { 'content-length': 100_000 }), end: true })],
  ['more than it said', 400, () => sized(Buffer.concat([file(), last]), { 'content-length': 60 })],
  ['two lengths', 400, () => sized(Buffer.concat([file(), last]), { 'Content-Length': 60 })],
  ['a length that is none', 400, () => sized(file(), { 'content-length': '-1' })],
  ['a length and chunks', 400, () => sized(file(), { 'transfer-encoding': 'chunked' })],
  [
    'chunks that are none',
    400,
    () => ({ head: head({ ...multipart, 'transfer-encoding': 'chunked' }), body: 'zz\r\nabc' }),
  ],
  ['an expectation nobody has', 417, () => sized(Buffer.concat([file(), last]), { expect: 'a miracle' })],
];

describe('a body that is', () => {
  it.each(bodies)('%s: %i', async (_, status, request) => {
    expect(await rawStatus(origin(), request())).toBe(status);
  });

  it('only announced is waited for, and dropped with its client', async () => {
    const request = { head: head({ ...multipart, 'content-length': 1_000, expect: '100-continue' }) };
    expect(await rawStatus(origin(), request, 1_000)).toBe(0);
  });

  it('aborted between its parts, a hundred times', async () => {
    const begun = { ...sized(Buffer.concat([part('f', 'x'), file()]), { 'content-length': 100_000 }) };
    const calls = times(100, () => photo).map(() => rawStatus(origin(), { ...begun, end: true }));
    expect(new Set(await Promise.all(calls))).toEqual(new Set([400]));
  });
});

describe('a filename', () => {
  it.each([
    ['-i.mp4', '-i.mp4'],
    ['%00.png', '%00.png'],
    ['CON', 'CON'],
    ['a\0b.png', 'ab.png'],
    ['..%2f..%2fx', '..%2f..%2fx'],
    ['a\u202Egnp.exe', 'agnp.exe'],
    ["Ä 'quote' ; x=y.png", "Ä 'quote' ; x=y.png"],
    ['x'.repeat(300), 'x'.repeat(255)],
  ])('%j is stored for display, and never used', async (given, kept) => {
    const bytes = await picture(61, 41).png().toBuffer();
    const { body } = await siege.attacker.upload('photo', bytes, given).expect(202);
    expect(body.filename).toBe(kept);
    await siege.attacker.settled(body.url);
    const { headers } = await siege.attacker.get(`/api/photos/${body.url}?raw=1`).expect(200);
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename=[\x20-\x7e]+$/);
    for (const stored of await siege.vitrine.stored()) expect(stored).not.toContain(kept);
  });
});

describe('hostile subtitles', () => {
  const lines = (line: string) => Buffer.from(line.repeat(Math.floor((2 * MiB - 100) / line.length)));
  const cue = (text: string | Buffer) =>
    Buffer.concat([Buffer.from('WEBVTT\n\n00:01.000 --> 00:02.000\n'), Buffer.from(text), Buffer.from('\n')]);
  const rows: [string, number, () => Buffer][] = [
    ['20 MB', 413, () => Buffer.alloc(20 * MiB, 'a')],
    ['a cue of one line of 2 MB', 201, () => cue(lines('x'))],
    ['a cue of opening brackets', 200, () => cue(lines('<'))],
    ['a cue of tags in tags', 200, () => Buffer.concat([cue('a'), lines('<b>')])],
    ['arrows', 422, () => lines('-->\n')],
    ['times alone', 422, () => lines('00:01.000 --> 00:02.000\n\n')],
    ['digits and colons', 422, () => lines('1:1:1,1')],
    ['spaces', 422, () => Buffer.concat([Buffer.from('WEBVTT\n'), lines(' ')])],
    ['empty lines', 422, () => Buffer.concat([Buffer.from('WEBVTT\n'), lines('\n')])],
    ['the year 11', 422, () => Buffer.from('WEBVTT\n\n99999:59:59.000 --> 99999:59:59.999\nlate\n')],
    ['nulls', 422, () => Buffer.alloc(10_000)],
    ['half characters', 200, () => cue(Buffer.from([0xff, 0xd8, 0xc3]))],
    ['a script', 200, () => cue('<script>alert(1)</script>x')],
  ];

  it('are refused, or rewritten', async () => {
    const { attacker } = siege;
    const { url, files } = await attacker.publish('video', await video('64x48', 1));
    const path = `/api/medias/${url}/subtitles/en`;
    const put = (body: Buffer) => attacker.send('PUT', path, body, { 'content-type': 'text/vtt' });
    const told: [string, number][] = [];
    for (const [name, , body] of rows) told.push([name, (await put(body())).status]);
    const announced = { 'content-type': 'text/vtt', 'content-length': 100 * MiB };
    expect(await rawStatus(origin(), { head: head(announced, path, 'PUT') })).toBe(413);
    expect(told).toEqual(rows.map(([name, status]) => [name, status]));
    const { headers, body } = await attacker.get(`/api/videos/${files[0].url}/subtitles/en.vtt`).expect(200);
    expect(headers.get('content-type')).toBe('text/vtt; charset=utf-8');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(body).toMatch(/^WEBVTT\n\n00:00:01\.000 --> 00:00:02\.000\nalert\(1\)x\n$/);
  });
});

it('all at once: others are not affected', async () => {
  await siege.during(() => Promise.all(bodies.map(([, , request]) => rawStatus(origin(), request()))));
});

it('bodies sent slowly are refused, at any stage, and nothing is left', async () => {
  expect(await Promise.all(slow)).toEqual([408, 408, 408, 408]);
  // The lease ends with the connection: its client may come back at once.
  await siege.attacker.send('DELETE', resumable, undefined, { 'tus-resumable': '1.0.0' }).expect(204);
  await siege.expectNothingLeft();
}, 150_000);
