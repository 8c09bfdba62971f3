import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hash,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** Derives a key per purpose from the one configured secret (RFC 5869). */
export const deriveKey = (secret: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, 'vitrine', purpose, 32));

/** 256 random bits, URL-safe. */
export const randomToken = (): string => randomBytes(32).toString('base64url');

/** Hash to store instead of a high-entropy secret. Hex. */
export const sha256 = (value: string): string => hash('sha256', value);

export const hmac = (key: Buffer, value: string, encoding: 'hex' | 'base64url' = 'hex'): string =>
  createHmac('sha256', key).update(value).digest(encoding);

/** Constant-time comparison. */
export function sameSecret(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts, so that the database alone reveals nothing (AES-256-GCM): nonce, ciphertext, tag. */
export function seal(key: Buffer, text: string): string {
  const nonce = randomBytes(nonceBytes);
  const encrypt = createCipheriv(cipher, key, nonce);
  return Buffer.concat([nonce, encrypt.update(text), encrypt.final(), encrypt.getAuthTag()]).toString('base64');
}

/** @throws {Error} for anything not sealed with this key */
export function unseal(key: Buffer, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const decrypt = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes)).setAuthTag(bytes.subarray(-tagBytes));
  return Buffer.concat([decrypt.update(bytes.subarray(nonceBytes, -tagBytes)), decrypt.final()]).toString();
}
