import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTransportStream } from './mpeg-ts.js';
import { sniff } from '../accept/sniff.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'mpeg-ts-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const written = async (content: Buffer) => {
  const file = path.join(dir, 'content');
  await writeFile(file, content);
  return file;
};
/** Null packets (ISO/IEC 13818-1, 2.4.1), each behind `lead`. */
const packets = (count: number, lead = '', trail = 0) =>
  Buffer.concat(
    Array.from({ length: count }, () =>
      Buffer.concat([Buffer.from(lead, 'latin1'), Buffer.of(0x47, 0x1f, 0xff, 0x10), Buffer.alloc(184 + trail, 0xff)]),
    ),
  );

describe('a transport stream', () => {
  it.each([
    ['of broadcasts', packets(8)],
    ['of camcorders', packets(8, '\0\0\0\0')],
    ['of camcorders whose time stamp looks like a bitmap', packets(8, 'BM\0\0')],
    ['of camcorders whose time stamp looks like a program', packets(8, 'MZ\x90\0')],
    ['with error correction', packets(8, '', 16)],
    ['cut off in the first packet', packets(8).subarray(100)],
  ])('%s', async (_, content) => {
    expect(await sniff(await written(content))).toMatchObject({ mimeType: 'video/mp2t', format: { name: 'ts' } });
  });

  it.each([
    ['text with a G where packets would begin', Buffer.from(`G${'x'.repeat(187)}G${'x'.repeat(900)}`)],
    ['one byte repeated', Buffer.alloc(5000, 0x47)],
    ['nothing', Buffer.alloc(0)],
  ])('is not %s', async (_, content) => {
    const file = await written(content);
    expect(await isTransportStream(file)).toBe(false);
    expect((await sniff(file)).format).toBeUndefined();
  });
});
