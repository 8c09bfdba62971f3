import { expect, it, vi } from 'vitest';
import { PictureCache } from './picture-cache.js';

it('makes each picture once, and answers every one while more are made than it holds', async () => {
  const cache = new PictureCache();
  const make = vi.fn<() => Promise<Buffer>>(async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return Buffer.alloc(128 * 1024);
  });
  const keys = Array.from({ length: 600 }, (_, i) => `picture ${i % 300}`);
  const pictures = await Promise.all(keys.map((key) => cache.get(key, make)));
  expect(pictures.every(({ length }) => length === 128 * 1024)).toBe(true);
  expect(make).toHaveBeenCalledTimes(300);
  expect(cache.has('picture 299')).toBe(true);
  expect(cache.has('picture 0')).toBe(false);
});

it('forgets what could not be made', async () => {
  const cache = new PictureCache();
  await expect(cache.get('picture', () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
  expect(await cache.get('picture', async () => Buffer.from('found'))).toEqual(Buffer.from('found'));
});
