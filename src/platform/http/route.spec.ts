import { StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { page } from './page.js';
import { Documented } from './route.js';

const Thing = z.object({
  size: z.enum(['small', 'large']),
  at: z.iso.datetime().nullable(),
  note: z.string().optional(),
});
const description = 'As it is now';
const thing = { summary: 'A thing', answers: { 200: { schema: Thing, description } } };
const things = { summary: 'Things', answers: { 200: { schema: page(Thing), description } } };
const nothing = { summary: 'Nothing', answers: { 204: null } };
const text = { summary: 'A text', answers: { 200: { content: 'text/plain', description } } } as const;
const bytes = { summary: 'Bytes', answers: { 200: { content: 'application/zip', description } } } as const;
const either = { summary: 'New or not', answers: { 201: { schema: Thing, description }, 200: { description } } };

const small = { size: 'small', at: null } as const;

/** Tested by the compiler (`npm run types`): `@ts-expect-error` is an error if the wrong handler below it is accepted. */
class Handlers {
  @Documented(thing)
  now() {
    return small;
  }
  @Documented(thing)
  async later(size: 'small' | 'large', at: Date) {
    return { size, at: at.toISOString() };
  }
  @Documented(things)
  async list() {
    return { items: [small], nextCursor: null };
  }
  @Documented(nothing)
  async nothing() {}
  @Documented(text)
  text() {
    return 'Hello';
  }
  @Documented(bytes)
  bytes() {
    return new StreamableFile(Readable.from([]));
  }
  @Documented(either)
  async either(isNew: boolean) {
    return isNew ? small : undefined;
  }

  // @ts-expect-error -- a string is not one of the allowed words
  @Documented(thing)
  anyWord(size: string) {
    return { size, at: null };
  }
  // @ts-expect-error -- JSON has no dates, and the schema does not convert them
  @Documented(thing)
  async aDate(at: Date) {
    return { ...small, at };
  }
  // @ts-expect-error -- a field is missing
  @Documented(thing)
  async less() {
    return { size: 'small' } as const;
  }
  // @ts-expect-error -- a field of an item is missing
  @Documented(things)
  async lessOfMany() {
    return { items: [{ size: 'small' }], nextCursor: null };
  }
  // @ts-expect-error -- the type is unknown
  @Documented(thing)
  async unknown(): Promise<unknown> {
    return small;
  }
  // @ts-expect-error -- it may be null
  @Documented(thing)
  async orNull(): Promise<z.infer<typeof Thing> | null> {
    return null;
  }
  // @ts-expect-error -- it returns nothing
  @Documented(thing)
  async forgotten() {}
  // @ts-expect-error -- the answer has no body
  @Documented(nothing)
  async something() {
    return true;
  }
  // @ts-expect-error -- anything but a string would be sent as JSON
  @Documented(text)
  noText() {
    return 5;
  }
  // @ts-expect-error -- the framework needs a stream
  @Documented(bytes)
  noBytes() {
    return Buffer.from('PK');
  }
}

it('binds a handler to the documented answers', () => {
  expect(Reflect.getMetadata('swagger/apiResponse', Handlers.prototype.now)).toMatchObject({ 200: { description } });
});
