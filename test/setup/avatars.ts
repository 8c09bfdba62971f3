import { createHash, createHmac } from 'node:crypto';
import sharp from 'sharp';
import type { Client } from './client.js';

/** Shared with the integrator, whom a test plays. */
export const avatarSecret = 'a secret that the integrator shares with us';

let made = 0;
export const newHash = (): string => createHash('sha1').update(`somebody ${made++}`).digest('hex');

const base64 = (value: object | Buffer) =>
  (Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value))).toString('base64url');
export const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

/** Made by hand (RFC 7515), as any integrator's library does. */
export function avatarToken(claims: object, { alg = 'HS256', key = avatarSecret } = {}): string {
  const signed = `${base64({ alg, typ: 'JWT' })}.${base64(claims)}`;
  const digest = { HS256: 'sha256', HS512: 'sha512' }[alg];
  return `${signed}.${digest ? base64(createHmac(digest, key).update(signed).digest()) : ''}`;
}
export const bearer = (hash: string, more = {}): Record<string, string> => ({
  authorization: `Bearer ${avatarToken({ hash, exp: inAnHour(), ...more })}`,
});

/** An integrator's server, and somebody who looks at avatars. */
export class AvatarClient {
  constructor(private readonly client: Client) {}

  upload(hash: string, bytes: Buffer, headers = bearer(hash)) {
    return this.client.send('POST', `/avatars/${hash}`, bytes, {
      'content-type': 'application/octet-stream',
      ...headers,
    });
  }
  delete(hash: string, headers = bearer(hash)) {
    return this.client.send('DELETE', `/avatars/${hash}`, undefined, headers);
  }
  has(path: string) {
    return this.client.send('HEAD', `/avatars/${path}`);
  }
  read(path: string, accept = 'image/png') {
    return this.client.get(`/avatars/${path}`, { accept }).expect(200);
  }
  async isColour(path: string, rgb: number[]): Promise<boolean> {
    const shown = await pixel((await this.read(path)).bytes);
    return shown.every((value, i) => Math.abs(value - rgb[i]!) < 8);
  }
}

export const square = (colour: string, side = 300): Promise<Buffer> =>
  sharp({ create: { width: side, height: side, channels: 3, background: colour } })
    .png()
    .toBuffer();
/** The mean of a picture. */
export const pixel = async (bytes: Buffer): Promise<number[]> => [
  ...(await sharp(bytes).resize(1, 1).removeAlpha().raw().toBuffer()),
];
