import { finished, Transform, type Readable } from 'node:stream';

/**
 * Passes the body through, calling `look` with each chunk. It ends or fails with the body: `pipe` alone does not
 * forward an error, and the reader would wait for ever.
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
