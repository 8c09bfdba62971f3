import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accept } from './accept.js';
import { resolveBinaries, type Binaries } from '../run/binaries.js';

const played = { maxBytes: 1e8, maxDurationMs: 10_000 };
const limits = {
  photo: { maxBytes: 1e6, maxPixels: 1e6, maxFrames: 1 },
  video: { ...played, maxSide: 1000, maxFps: 60 },
  music: played,
  file: { maxBytes: 1e6 },
};
let dir: string;
let binaries: Binaries;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'sniff-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** ASF objects: a GUID and the size, including itself, as 64 bits (Advanced Systems Format Specification, 2.1). */
const header = Buffer.from('3026b2758e66cf11a6d900aa0062ce6c', 'hex');
function object(size: bigint): Buffer {
  const bytes = Buffer.alloc(24, 1);
  bytes.writeBigUInt64LE(size, 16);
  return bytes;
}
const asf = (...objects: Buffer[]) => Buffer.concat([header, Buffer.alloc(14, 1), ...objects, Buffer.alloc(1000)]);

/** Some of them caused an endless loop in older parsers (CVE-2026-31808). */
describe('endless ASF is refused quickly', () => {
  it.each([
    ['objects without a size', asf(...Array.from({ length: 100 }, () => object(0n)))],
    ['objects that go backwards', asf(object(24n), object(2n ** 64n - 48n), object(24n))],
    ['objects that consist of a header only', asf(...Array.from({ length: 50_000 }, () => object(24n)))],
    ['an object larger than any file', asf(object(2n ** 63n))],
    ['nothing', asf()],
  ])('%s', async (_, bytes) => {
    const file = path.join(dir, 'upload');
    await writeFile(file, bytes);
    for (const kind of ['video', 'music'] as const) {
      const taken = accept(file, kind, limits, { binaries, signal: AbortSignal.timeout(20_000) });
      await expect(taken).rejects.toMatchObject({
        name: 'Refused',
        code: expect.stringMatching(/type_not_allowed|corrupt_input|no_streams/),
      });
    }
  });
});
