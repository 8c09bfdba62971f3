import { create as contentDisposition } from 'content-disposition';
import type { FastifyReply } from 'fastify';
import fresh from 'fresh';
import { Readable } from 'node:stream';
import parseRange from 'range-parser';
import { Problem } from '../platform/http/problems.js';
import type { Asking } from './asking.js';

export interface Body {
  /** Unique to these very bytes: quoted it is the strong ETag. */
  tag: string;
  bytes: number;
  mimeType: string;
  modifiedAt: Date;
  /** For everybody's cache, or for nobody's. */
  open: boolean;
  /** The same address can answer other bytes later: caches have to ask. */
  changes?: boolean;
  vary?: string;
  /** Offered as a download under this name instead of being shown. */
  downloadAs?: string;
  /** @param range both ends included */
  read(range?: { start: number; end: number }): Promise<Readable>;
}

/** No document of ours runs scripts, whatever somebody managed to put into it. */
const harmless = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
};

const cacheControl = ({ open, changes }: Body): string => {
  if (!open) return 'private, no-store';
  return changes ? 'public, no-cache' : 'public, max-age=31536000, immutable';
};

/**
 * Answers GET and HEAD for one body: conditions before ranges, one range or the whole (RFC 9110, 13.2.2 and 14).
 * Several ranges at once get the whole: a server may, and nobody needs them for media.
 */
export async function send(reply: FastifyReply, { method, headers }: Asking, body: Body): Promise<void> {
  const etag = `"${body.tag}"`;
  const lastModified = body.modifiedAt.toUTCString();
  void reply.headers({
    ...harmless,
    etag,
    'last-modified': lastModified,
    'cache-control': cacheControl(body),
    'accept-ranges': 'bytes',
    ...(body.vary && { vary: body.vary }),
    ...(body.downloadAs && { 'content-disposition': contentDisposition(body.downloadAs) }),
  });

  if (headers['if-match'] !== undefined && !matches(headers['if-match'], etag))
    throw new Problem('precondition_failed');
  if (fresh(headers, { etag, 'last-modified': lastModified })) return void reply.code(304).send();

  void reply.type(body.mimeType);
  const range = wantedRange(headers.range, headers['if-range'], body, etag, lastModified);
  if (range === 'unsatisfiable') {
    throw new Problem('range_not_satisfiable', {
      detail: `The content has ${body.bytes} bytes.`,
      headers: { 'content-range': `bytes */${body.bytes}` },
    });
  }
  const length = range ? range.end - range.start + 1 : body.bytes;
  void reply.code(range ? 206 : 200).header('content-length', length);
  if (range) void reply.header('content-range', `bytes ${range.start}-${range.end}/${body.bytes}`);
  // An empty stream: for no body at all Fastify would call the length 0.
  if (method === 'HEAD') return void reply.send(Readable.from([]));
  return void reply.send(await body.read(range ?? undefined));
}

const matches = (header: string, etag: string): boolean =>
  header.trim() === '*' || header.split(',').some((candidate) => candidate.trim() === etag);

function wantedRange(
  header: string | undefined,
  ifRange: string | string[] | undefined,
  body: Body,
  etag: string,
  lastModified: string,
) {
  if (header === undefined || (ifRange !== undefined && ifRange !== etag && ifRange !== lastModified)) return null;
  const ranges = parseRange(body.bytes, header);
  if (ranges === -1) return 'unsatisfiable';
  // -2: not a range at all; a server ignores that.
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return null;
  return ranges[0]!;
}

/** A text made for this request. */
export const textBody = (text: string, about: Omit<Body, 'bytes' | 'read'>): Body => {
  const bytes = Buffer.from(text);
  return {
    ...about,
    bytes: bytes.length,
    read: async (range) => Readable.from([range ? bytes.subarray(range.start, range.end + 1) : bytes]),
  };
};
