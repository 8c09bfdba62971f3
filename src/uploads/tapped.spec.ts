import { PassThrough, type Readable } from 'node:stream';
import { setImmediate as soon } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { tapped } from './tapped.js';

const breaks = (body: Readable) => body.destroy(new Error('cut off'));
const closes = (body: Readable) => body.destroy();

it.each([
  ['breaks off', breaks, 'cut off'],
  ['closes before its end', closes, 'Premature close'],
])('a body that %s does so for the reader behind the tap, now or before', async (_, end, message) => {
  const now = new PassThrough();
  const reading = tapped(now, () => {}).toArray();
  end(now);
  await expect(reading).rejects.toThrow(message);

  const before = new PassThrough().on('error', () => {});
  end(before);
  await soon();
  await expect(tapped(before, () => {}).toArray()).rejects.toThrow(message);
});

it('a tap forwards what it sees', async () => {
  const body = new PassThrough();
  body.write('one');
  body.end('two');
  const seen: Buffer[] = [];
  const read = await tapped(body, (chunk) => seen.push(chunk)).toArray();
  expect([Buffer.concat(seen).toString(), Buffer.concat(read as Buffer[]).toString()]).toEqual(['onetwo', 'onetwo']);
});
