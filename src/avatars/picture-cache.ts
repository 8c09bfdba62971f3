import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

const maxBytes = 16 * 1024 * 1024;

/**
 * Small pictures that were shown lately, by a key that never means another picture. Made once when many ask; those in the
 * making are kept apart, for the cache would drop them when it is full.
 */
@Injectable()
export class PictureCache {
  private readonly made = new LRUCache<string, Buffer>({ maxSize: maxBytes, sizeCalculation: ({ length }) => length });
  private readonly making = new Map<string, Promise<Buffer>>();

  async get(key: string, make: () => Promise<Buffer>): Promise<Buffer> {
    return this.made.get(key) ?? this.making.get(key) ?? this.make(key, make);
  }

  has(key: string): boolean {
    return this.made.has(key) || this.making.has(key);
  }

  private async make(key: string, make: () => Promise<Buffer>): Promise<Buffer> {
    const making = make();
    this.making.set(key, making);
    try {
      const picture = await making;
      this.made.set(key, picture);
      return picture;
    } finally {
      this.making.delete(key);
    }
  }
}
