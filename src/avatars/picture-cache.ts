import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

const maxBytes = 16 * 1024 * 1024;

type Make = () => Promise<Buffer>;

/** Small pictures that were shown lately, by a key that never means another picture. Made once when many ask. */
@Injectable()
export class PictureCache {
  private readonly cache = new LRUCache<string, Buffer, Make>({
    maxSize: maxBytes,
    sizeCalculation: ({ length }) => length,
    fetchMethod: (_key, _old, { context: make }) => make(),
  });

  async get(key: string, make: Make): Promise<Buffer> {
    return (await this.cache.fetch(key, { context: make })) ?? make();
  }

  has(key: string): boolean {
    return this.cache.has(key);
  }
}
