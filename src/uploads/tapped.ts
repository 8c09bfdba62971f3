import { finished, Transform, type Readable } from 'node:stream';

/**
 * The same bytes, to be read at once, and `look` sees them pass. They end as the body does: behind a `pipe` alone a
 * reader waits for ever where the body had broken off before.
 */
export function tapped(body: Readable, look: (chunk: Buffer) => void): Readable {
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      look(chunk);
      done(null, chunk);
    },
  });
  finished(body, { writable: false }, (error) => {
    if (error) tap.destroy(error);
  });
  return body.pipe(tap);
}
