declare module 'http_ece' {
  import type { ECDH } from 'node:crypto';

  /** RFC 8188, with keys as RFC 8291 derives them. */
  export function decrypt(body: Buffer, keys: { version: string; privateKey: ECDH; authSecret: string }): Buffer;
}
