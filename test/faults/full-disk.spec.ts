import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../setup/client.js';
import { Vitrine } from '../setup/vitrine.js';

const KiB = 1024;

/** A small separate file system; only root may mount one. */
const mayMount = process.getuid?.() === 0;

describe.skipIf(!mayMount)('a full disk (needs root to mount a small one)', () => {
  let vitrine: Vitrine;
  let ada: Client;
  let incoming: string;
  beforeAll(async () => {
    vitrine = await Vitrine.start();
    ada = await vitrine.signUp();
    incoming = join(vitrine.dataDir, 'storage/incoming');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', incoming]);
  });
  afterAll(async () => {
    execFileSync('umount', ['-l', incoming]);
    await vitrine.stop();
  });

  const noise = (side: number) =>
    sharp(randomBytes(side * side * 3), { raw: { width: side, height: side, channels: 3 } })
      .png({ compressionLevel: 0 })
      .toBuffer();

  it('is a server error, and leaves nothing behind', async () => {
    const large = await noise(800);
    expect(large.length).toBeGreaterThan(1_500 * KiB);
    const { headers } = await ada.upload('photo', large).expect(503, 'unavailable');
    expect(headers.get('retry-after')).toBeTruthy();
    // Operators find the cause by the id that the client got.
    const line = vitrine.said.split('\n').find((text) => text.includes('"request failed"'));
    expect(JSON.parse(line!)).toMatchObject({ reqId: headers.get('x-request-id'), code: 'unavailable' });
    expect(await vitrine.stored('storage/incoming')).toEqual([]);
    const { body } = await ada.get('/api/users/me/limits').expect(200);
    expect(body.total.usedBytes).toBe(0);
  });
});
