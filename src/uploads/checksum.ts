import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { truncate } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Problem } from '../platform/http/problems.js';
import { tapped } from './tapped.js';

/** tus 1.0, checksum extension. */
export const checksumAlgorithms = ['sha1', 'sha256', 'md5'] as const;
export interface Checksum {
  algorithm: string;
  /** base64 */
  value: string;
}

/** The checksum announced by the request in progress. */
export const announcedChecksum = new AsyncLocalStorage<Checksum | undefined>();

/**
 * Parses `Upload-Checksum: <algorithm> <base64>`.
 * @throws {Problem} `malformed_request`
 */
export function parseChecksum(header: string | undefined): Checksum | undefined {
  if (header === undefined) return undefined;
  const [algorithm = '', value = ''] = header.split(' ');
  if (!(checksumAlgorithms as readonly string[]).includes(algorithm) || !/^[A-Za-z0-9+/]+=*$/.test(value)) {
    throw new Problem(
      'malformed_request',
      `Upload-Checksum must be one of ${checksumAlgorithms.join(', ')}, a space, and the digest in base64.`,
    );
  }
  return { algorithm, value };
}

/**
 * Lets `write` store the body, and truncates the file to `offset` if the checksum differs or the body broke off.
 * @throws {Problem} `upload_checksum_mismatch`
 */
export async function verified(
  checksum: Checksum | undefined,
  path: string,
  offset: number,
  body: Readable,
  write: (stream: Readable) => Promise<number>,
): Promise<number> {
  if (!checksum) return write(body);
  const hash = createHash(checksum.algorithm);
  try {
    const next = await write(tapped(body, (chunk) => hash.update(chunk)));
    if (hash.digest('base64') === checksum.value) return next;
  } catch (error) {
    await truncate(path, offset);
    throw error;
  }
  await truncate(path, offset);
  throw new Problem('upload_checksum_mismatch');
}
