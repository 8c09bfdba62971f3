import { createECDH, ECDH } from 'node:crypto';
import { deriveKey } from '../platform/secrets.js';

/** How this installation identifies itself to push services (RFC 8292). Base64url. */
export interface Vapid {
  publicKey: string;
  privateKey: string;
}

/** Derived from the one configured secret: all processes have the same, and browsers stay subscribed. */
export function vapidOf(secret: string): Vapid {
  const pair = createECDH('prime256v1');
  const privateKey = deriveKey(secret, 'vapid');
  pair.setPrivateKey(privateKey);
  const publicKey = ECDH.convertKey(pair.getPublicKey(), 'prime256v1', undefined, undefined, 'uncompressed') as Buffer;
  return { publicKey: publicKey.toString('base64url'), privateKey: privateKey.toString('base64url') };
}
