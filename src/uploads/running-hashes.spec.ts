import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { RunningHashes } from './running-hashes.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const body = (text: string) => Readable.from([Buffer.from(text)]);

/** Reads everything, as a store does. */
const storing = (offset: number) => async (stream: Readable) => offset + Buffer.concat(await stream.toArray()).length;
const refusing = async (stream: Readable): Promise<number> => {
  await stream.toArray();
  throw new Error('refused');
};

describe('hashes of uploads in progress', () => {
  it('cover all parts together, and are returned once', async () => {
    const hashes = new RunningHashes();
    expect(await hashes.follow('a', 0, body('one'), storing(0))).toBe(3);
    expect(await hashes.follow('a', 3, body('two'), storing(3))).toBe(6);
    expect(hashes.take('a', 6)).toBe(sha256('onetwo'));
    expect(hashes.take('a', 6)).toBeUndefined();
  });

  it('are unknown if a part came through another process, or bytes are missing', async () => {
    const hashes = new RunningHashes();
    await hashes.follow('a', 0, body('one'), storing(0));
    await hashes.follow('a', 6, body('three'), storing(6));
    expect(hashes.take('a', 11)).toBeUndefined();
    await hashes.follow('b', 0, body('one'), storing(0));
    expect(hashes.take('b', 9)).toBeUndefined();
  });

  it('forget a refused part, even if the same bytes are stored later through another process', async () => {
    const hashes = new RunningHashes();
    await hashes.follow('a', 0, body('one'), storing(0));
    await expect(hashes.follow('a', 3, body('bad'), refusing)).rejects.toThrow('refused');
    await hashes.follow('a', 6, body('three'), storing(6));
    expect(hashes.take('a', 11)).toBeUndefined();
  });

  it('forget a part that was stored incompletely', async () => {
    const hashes = new RunningHashes();
    await hashes.follow('a', 0, body('one'), async (stream) => (await storing(0)(stream)) - 1);
    expect(hashes.take('a', 2)).toBeUndefined();
    expect(hashes.take('a', 3)).toBeUndefined();
  });

  it('restart with the first byte', async () => {
    const hashes = new RunningHashes();
    await hashes.follow('a', 0, body('wrong'), storing(0));
    await hashes.follow('a', 0, body('right'), storing(0));
    expect(hashes.take('a', 5)).toBe(sha256('right'));
  });
});
