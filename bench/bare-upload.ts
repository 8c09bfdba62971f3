/**
 * The minimum that receives a file: hashed while it arrives, and on disk before the answer. `<folder>` is where it
 * goes.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const [folder] = process.argv.slice(2);

const server = createServer((request, response) => {
  const take = async () => {
    const file = await open(join(folder!, 'body'), 'w');
    const hash = createHash('sha256');
    const tap = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    await pipeline(request, tap, file.createWriteStream({ flush: true }));
    response.end(hash.digest('hex'));
  };
  take().catch((error: unknown) => {
    console.error(error);
    response.destroy();
  });
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
