import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { clip, withFolder } from './media.js';
import { atLeast, atMost, forgetPeak, inTurns, report, residentBytes, wallOf, type Settings } from './measure.js';
import { withServer } from './server.js';
import { withSystem, type System } from './system.js';

const MiB = 1024 * 1024;
const totalBytes = 1024 * MiB;
const chunkBytes = 256 * 1024;

/** 1 GiB by multipart and by tus: MB/s against a server that only hashes it and writes it to disk. */
export async function upload({ pairs }: Settings): Promise<void> {
  const head = await clip('320x180', 2, ['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac']);
  // Without workers, so that only the upload is measured.
  const options = { workers: [], env: { QUOTA_DAY_BYTES: String(2 ** 50), QUOTA_TOTAL_BYTES: String(2 ** 50) } };
  await withFolder((dir) =>
    withServer('bare-upload', [dir], (bareOrigin) =>
      withSystem(options, async (system) => {
        const pid = system.pid('api');
        const measured = async (work: () => Promise<void>) => {
          const seconds = await wallOf(work);
          await rm(join(system.dataDir, 'storage/objects'), { recursive: true });
          return totalBytes / MiB / seconds;
        };
        const bare = async () => {
          const seconds = await wallOf(() => put(`${bareOrigin}/`, {}, bytesOf(head)));
          await rm(join(dir, 'body'));
          return totalBytes / MiB / seconds;
        };
        const ways = { multipart: () => multipart(system, head), tus: () => tus(system, head) };
        for (const [name, way] of Object.entries(ways)) {
          const idleBytes = await residentBytes(pid);
          await forgetPeak(pid);
          report(`upload ${name}`, 'MiB/s', await inTurns(pairs, () => measured(way), bare), atLeast(0.8));
          const growth = ((await residentBytes(pid, true)) - idleBytes) / MiB;
          report(`upload ${name}, growth of RSS`, 'MiB', { ours: [growth] }, atMost(48));
        }
      }),
    ),
  );
}

/** A clip, followed by an ignored box that fills up to `totalBytes`; different bytes each time. */
function* bytesOf(head: Buffer): Generator<Buffer> {
  yield head;
  const box = Buffer.alloc(8);
  box.writeUInt32BE(totalBytes - head.length, 0);
  box.write('free', 4, 'latin1');
  yield box;
  const filler = randomBytes(chunkBytes);
  for (let left = totalBytes - head.length - box.length; left > 0; left -= chunkBytes)
    yield filler.subarray(0, Math.min(left, chunkBytes));
}

async function multipart({ origin, user }: System, head: Buffer): Promise<void> {
  const boundary = randomBytes(12).toString('hex');
  const open = Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="clip.mp4"\r\ncontent-type: video/mp4\r\n\r\n`,
  );
  const close = Buffer.from(`\r\n--${boundary}--\r\n`);
  const headers = {
    ...user,
    'content-type': `multipart/form-data; boundary=${boundary}`,
    'content-length': open.length + totalBytes + close.length,
  };
  function* form() {
    yield open;
    yield* bytesOf(head);
    yield close;
  }
  await put(`${origin}/api/videos/upload`, headers, form(), 'POST');
}

async function tus({ origin, user }: System, head: Buffer): Promise<void> {
  const about = { ...user, 'tus-resumable': '1.0.0' };
  const metadata = { filename: 'clip.mp4', kind: 'video' };
  const created = await fetch(`${origin}/api/uploads`, {
    method: 'POST',
    headers: {
      ...about,
      'upload-length': String(totalBytes),
      'upload-metadata': Object.entries(metadata)
        .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
        .join(),
    },
  });
  const at = new URL(created.headers.get('location')!, origin);
  const headers = { ...about, 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
  await put(at.href, { ...headers, 'content-length': totalBytes }, bytesOf(head), 'PATCH');
}

async function put(url: string, headers: OutgoingHttpHeaders, bytes: Iterable<Buffer>, method = 'PUT'): Promise<void> {
  const sending = request(url, { method, headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    sending.on('response', resolve).on('error', reject),
  );
  await pipeline(Readable.from(bytes, { objectMode: false, highWaterMark: 4 * chunkBytes }), sending);
  const answer = await answered;
  const body = await Readable.from(answer).toArray();
  if (answer.statusCode! >= 300) throw new Error(`${answer.statusCode} of ${url}: ${Buffer.concat(body).toString()}`);
}
