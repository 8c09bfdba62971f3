import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { chunksOf } from './messages.js';
import { maxPackedIds, packedChunks, unpackIds } from './packed-ids.js';

it('ids come back as they were, each chunk in one message', () => {
  const ids = Array.from({ length: 1_000 }, () => randomUUID() as string);
  const chunks = packedChunks(ids);
  expect(chunks).toHaveLength(Math.ceil(ids.length / maxPackedIds));
  expect(chunks.flatMap(unpackIds)).toEqual(ids);
  for (const chunk of chunks) expect(chunksOf([['presence', chunk]])).toHaveLength(1);
  expect(packedChunks([])).toEqual([]);
  expect(unpackIds('')).toEqual([]);
});
