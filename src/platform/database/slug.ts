import { randomBytes } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * The public name of a thing (`url`): 16 characters of base 62, 95 bits, so it can't be guessed or enumerated. Bytes
 * from 248 are skipped, or the first letters would be more frequent.
 */
export function slug(): string {
  let name = '';
  while (name.length < 16) {
    for (const byte of randomBytes(20)) {
      if (byte < 248 && name.length < 16) name += alphabet[byte % 62];
    }
  }
  return name;
}
