import { create as contentDisposition } from 'content-disposition';
import type { FastifyReply } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { answerDefaults, varyOfPublic } from './answer-headers.js';
import { Problem } from './problems.js';
import { admitReader } from './slow-readers.js';
import { evaluate, rangeHolds } from './conditions.js';
import { parseRange, type Range } from './range.js';

export interface Body {
  /** Unique to these very bytes: quoted it is the strong ETag. */
  tag: string;
  bytes: number;
  mimeType: string;
  /** Null where an older body may follow a newer one: only the tag tells them apart. */
  modifiedAt: Date | null;
  /** For everybody's cache, or for nobody's. */
  open: boolean;
  /** The same address can answer other bytes later: caches have to ask. */
  changes?: boolean;
  /** Request headers that these bytes were chosen by. */
  vary?: string[];
  /** Offered as a download under this name instead of being shown. */
  downloadAs?: string;
  /** @param range both ends included */
  read(range?: Range): Promise<Readable>;
}

/** A shorter answer fits into the buffers of the socket, and is never waited for. */
const longBytes = 64 * 1024;

/** No document of ours runs scripts, whatever somebody managed to put into it. */
const harmless = {
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
};

/** What is for nobody's cache has its `Cache-Control` from `answerDefaults`. */
const forCaches = ({ open, changes, vary = [] }: Body) =>
  open
    ? {
        'cache-control': changes ? 'public, no-cache' : 'public, max-age=31536000, immutable',
        vary: varyOfPublic(...vary),
      }
    : { vary: [answerDefaults.vary, ...vary].join(', ') };

/** Answers GET and HEAD for one body: conditions before ranges, one range or the whole. */
export async function send(
  reply: FastifyReply,
  { method, headers }: { method: string; headers: IncomingHttpHeaders },
  body: Body,
): Promise<void> {
  const validators = { etag: `"${body.tag}"`, modifiedAt: body.modifiedAt };
  void reply.headers({
    ...harmless,
    etag: validators.etag,
    ...(body.modifiedAt && { 'last-modified': body.modifiedAt.toUTCString() }),
    ...forCaches(body),
    'accept-ranges': 'bytes',
    ...(body.downloadAs && { 'content-disposition': contentDisposition(body.downloadAs) }),
  });
  // Of another try, whose bytes were gone.
  void reply.removeHeader('content-range');
  const outcome = evaluate(headers, validators);
  if (outcome === 'failed') throw new Problem('precondition_failed');
  if (outcome === 'not-modified') return void reply.code(304).send();

  // For other methods it has no meaning (RFC 9110, 14.2).
  const isAsked = method === 'GET' && rangeHolds(headers['if-range'], validators);
  const range = isAsked ? parseRange(headers.range, body.bytes) : null;
  if (range === 'unsatisfiable') {
    throw new Problem('range_not_satisfiable', {
      detail: `The content has ${body.bytes} bytes.`,
      headers: { 'content-range': `bytes */${body.bytes}` },
    });
  }
  const length = range ? range.end - range.start + 1 : body.bytes;
  if (method !== 'HEAD' && length > longBytes) admitReader(reply);
  void reply
    .code(range ? 206 : 200)
    .type(body.mimeType)
    .header('content-length', length);
  if (range) void reply.header('content-range', `bytes ${range.start}-${range.end}/${body.bytes}`);
  // An empty stream: for no body at all Fastify would call the length 0.
  return void reply.send(method === 'HEAD' ? Readable.from([]) : await body.read(range ?? undefined));
}

/** Bytes in memory. */
export const bytesBody = (bytes: Buffer, about: Omit<Body, 'bytes' | 'read'>): Body => ({
  ...about,
  bytes: bytes.length,
  read: async (range) => Readable.from([range ? bytes.subarray(range.start, range.end + 1) : bytes]),
});
