import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AvatarClient, avatarSecret, bearer, newHash, pixel, square } from '../setup/avatars.js';
import type { Client } from '../setup/client.js';
import { phoneExif, picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let anybody: Client;
let avatars: AvatarClient;
beforeAll(async () => {
  vitrine = await Vitrine.start({ env: { AVATAR_JWT_SECRET: avatarSecret }, workers: ['social,maintenance'] });
  anybody = vitrine.client();
  avatars = new AvatarClient(anybody);
});
afterAll(() => vitrine.stop());

const command = (...args: string[]) => vitrine.command('avatars', ...args);
const kept = async (hash: string) => (await vitrine.stored()).filter((path) => path.includes(hash));

describe('an avatar', () => {
  it('is uploaded with a token of its hash, and read in every size and format', async () => {
    const hash = newHash();
    const { body } = await avatars.upload(hash, await picture(1500, 1200).jpeg().toBuffer()).expect(201);
    expect(body).toMatchObject({
      hash,
      type: 'jpeg',
      sizes: ['small', 'medium', 'large', 'original'],
      createdAt: expect.any(String),
    });
    const sides = {
      small: 128,
      medium: 256,
      large: 512,
      original: 1024,
      '1': 128,
      '129': 256,
      '300': 512,
      '99999': 1024,
    };
    for (const [size, side] of Object.entries(sides)) {
      for (const format of ['webp', 'png', 'jpeg'] as const) {
        const { bytes, headers } = await avatars.read(`${hash}/${size}`, `image/${format}`);
        expect(headers.get('content-type')).toBe(`image/${format}`);
        expect(await sharp(bytes).metadata()).toMatchObject({ format, width: side, height: side });
      }
    }
    expect(await sharp((await avatars.read(hash)).bytes).metadata()).toMatchObject({ width: 256 });
    expect((await avatars.read(`${hash}?format=jpeg`, '*/*')).headers.get('content-type')).toBe('image/jpeg');
    expect((await avatars.read(hash, '*/*')).headers.get('content-type')).toBe('image/webp');
  });

  it('is sent in a form as well, and shown upright, without metadata', async () => {
    const hash = newHash();
    // Red left, blue right, stored turned by 90°.
    const halves = await sharp({ create: { width: 400, height: 400, channels: 3, background: '#ff0000' } })
      .composite([
        { input: await square('#0000ff', 200), left: 200, top: 0 },
        { input: await square('#0000ff', 200), left: 200, top: 200 },
      ])
      .withExif({ ...phoneExif })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const form = new FormData();
    form.set('avatar', new Blob([new Uint8Array(halves)]), 'me.jpg');
    await anybody.send('POST', `/avatars/${hash}`, form, bearer(hash)).expect(201);
    for (const accept of ['image/webp', 'image/png', 'image/jpeg']) {
      const { bytes } = await avatars.read(hash, accept);
      const about = await sharp(bytes).metadata();
      expect([about.exif, about.icc, about.xmp, about.iptc, about.orientation]).toEqual(Array(5).fill(undefined));
      const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
      expect(at(128, 20)[0]).toBeGreaterThan(200);
      expect(at(128, 236)[2]).toBeGreaterThan(200);
    }
  });

  it('is never enlarged, and keeps its transparency', async () => {
    const hash = newHash();
    const small = await sharp({
      create: { width: 90, height: 70, channels: 4, background: { r: 0, g: 200, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    const { body } = await avatars.upload(hash, small).expect(201);
    expect(body.sizes).toEqual(['small']);
    const { bytes } = await avatars.read(`${hash}/original`, 'image/webp');
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 70, height: 70, hasAlpha: true });
    expect(await sharp((await avatars.read(hash, 'image/png')).bytes).stats()).toMatchObject({ isOpaque: false });
    // On white where the format has none.
    expect(await pixel((await avatars.read(hash, 'image/jpeg')).bytes)).toEqual([255, 255, 255]);
  });

  it('moves in WebP and GIF, as it did', async () => {
    const hash = newHash();
    const frames = await Promise.all(['#ff0000', '#00ff00', '#0000ff'].map((colour) => square(colour, 260)));
    const gif = await sharp(frames, { join: { animated: true } })
      .gif({ delay: [100, 200, 300], loop: 3 })
      .toBuffer();
    await avatars.upload(hash, gif).expect(201);
    for (const accept of ['image/webp', 'image/gif']) {
      const { bytes, headers } = await avatars.read(`${hash}/small`, accept);
      expect(headers.get('content-type')).toBe(accept);
      expect(await sharp(bytes, { animated: true }).metadata()).toMatchObject({
        ...{ width: 128, pageHeight: 128, pages: 3, delay: [100, 200, 300], loop: 3 },
      });
    }
    expect((await pixel((await avatars.read(hash, 'image/jpeg')).bytes))[0]).toBeGreaterThan(240);
  });

  it('is replaced at once, for whoever has the old one, too', async () => {
    const hash = newHash();
    const { body: first } = await avatars.upload(hash, await square('#ff0000')).expect(201);
    const before = await avatars.read(hash);
    expect(before.headers.get('cache-control')).toBe('public, no-cache');
    expect(before.headers.get('vary')).toBe('Origin, Accept');
    const etag = before.headers.get('etag')!;
    await anybody.get(`/avatars/${hash}`, { accept: 'image/png', 'if-none-match': etag }).expect(304);
    const versioned = await anybody.get(first.href, { accept: 'image/png' }).expect(200);
    expect(versioned.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');

    const { body: second } = await avatars.upload(hash, await square('#0000ff')).expect(200);
    expect(second.createdAt).toBe(first.createdAt);
    expect(second.href).not.toBe(first.href);
    await anybody.get(`/avatars/${hash}`, { accept: 'image/png', 'if-none-match': etag }).expect(200);
    expect(await avatars.isColour(hash, [0, 0, 255])).toBe(true);
    // The old address shows the new picture, but no cache may keep that under it.
    const old = await anybody.get(first.href, { accept: 'image/png' }).expect(200);
    expect(old.headers.get('cache-control')).toBe('public, no-cache');
    await until(async () => (await kept(hash)).length === 2 * 3, 'the old files to be gone');
  });

  it('is there or not: HEAD and DELETE tell the truth', async () => {
    const [hash, other] = [newHash(), newHash()];
    await avatars.has(hash).expect(404);
    await avatars.delete(hash).expect(404);
    await avatars.upload(hash, await square('#ff0000')).expect(201);
    for (const path of [hash, `${hash}/small`, `${other}/${hash}`, `${other}/${hash}/300`, `${hash}/${other}/large`])
      await avatars.has(path).expect(204);
    await avatars.has(`${other}/small`).expect(404);
    await avatars.delete(hash).expect(204);
    await avatars.has(hash).expect(404);
    await avatars.delete(hash).expect(404);
    expect(await avatars.isColour(hash, [255, 0, 0])).toBe(false);
    await until(async () => (await kept(hash)).length === 0, 'the files to be gone');
    await avatars.upload(hash, await square('#00ff00')).expect(201);
    expect(await avatars.isColour(hash, [0, 255, 0])).toBe(true);
  });

  it('falls back to the backup, then to the default, then to a drawing', async () => {
    const [hash, backup] = [newHash(), newHash()];
    const drawn = (await avatars.read(hash)).bytes;
    await avatars.upload(backup, await square('#00ff00')).expect(201);
    expect(await avatars.isColour(`${hash}/${backup}`, [0, 255, 0])).toBe(true);
    expect(await avatars.isColour(`${hash}/${backup}/small`, [0, 255, 0])).toBe(true);
    expect((await avatars.read(`${hash}/${newHash()}`)).bytes).toEqual(drawn);
    await avatars.upload(hash, await square('#ff0000')).expect(201);
    expect(await avatars.isColour(`${hash}/${backup}`, [255, 0, 0])).toBe(true);
    await avatars.delete(hash).expect(204);

    const dir = await mkdtemp(join(tmpdir(), 'avatar-'));
    const file = join(dir, 'default.png');
    await writeFile(file, await square('#0000ff', 600));
    await command('set-default', file);
    expect(await avatars.isColour(hash, [0, 0, 255])).toBe(true);
    expect(await avatars.isColour(`${hash}/${backup}`, [0, 255, 0])).toBe(true);
    await avatars.has(hash).expect(404);
    await writeFile(file, 'not a picture');
    await expect(command('set-default', file)).rejects.toThrow(/an avatar may be/);
    expect(await avatars.isColour(hash, [0, 0, 255])).toBe(true);
    await command('clear-default');
    expect((await avatars.read(hash)).bytes).toEqual(drawn);
    await rm(dir, { recursive: true });
  });

  it('survives whatever is sent in its place', async () => {
    const hash = newHash();
    await avatars.upload(hash, await square('#ff0000')).expect(201);
    const whole = await picture(800, 800).jpeg().toBuffer();
    const huge = await sharp({ create: { width: 8000, height: 8000, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const refused: [Buffer, number, string | undefined][] = [
      [Buffer.alloc(0), 422, 'empty_file'],
      [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 415, 'type_not_allowed'],
      [Buffer.from('hello'), 415, 'type_not_allowed'],
      [await sharp(whole).tiff().toBuffer(), 415, 'type_not_allowed'],
      [whole.subarray(0, whole.length / 2), 422, 'corrupt_input'],
      [Buffer.concat([whole.subarray(0, 20), Buffer.alloc(5000, 7)]), 422, 'corrupt_input'],
      [huge, 422, 'too_many_pixels'],
      [Buffer.alloc(11 * 1024 * 1024, 1), 413, 'too_large'],
    ];
    for (const [bytes, status, reason] of refused) {
      const { body } = await avatars.upload(hash, bytes).expect(status);
      expect([bytes.length, body.reason]).toEqual([bytes.length, reason]);
    }
    const form = new FormData();
    form.set('file', new Blob(['x']), 'me.jpg');
    await anybody.send('POST', `/avatars/${hash}`, form, bearer(hash)).expect(422);
    await anybody.send('POST', `/avatars/${hash}`, undefined, bearer(hash)).expect(422);
    expect(await avatars.isColour(hash, [255, 0, 0])).toBe(true);
    expect(await kept(hash)).toHaveLength(2 * 3);
    expect((await vitrine.stored('work')).filter((path) => path.includes('avatar'))).toEqual([]);
  });

  it('is one set of files and a whole picture through two hundred replacements', async () => {
    const hash = newHash();
    const pictures = await Promise.all(
      ['#ff0000', '#00ff00', '#0000ff', '#ffff00'].map((colour) => square(colour, 140)),
    );
    await avatars.upload(hash, pictures[0]!).expect(201);
    let replacing = true;
    const reading = (async () => {
      for (let count = 0; ; count++) {
        if (!replacing) return count;
        const { bytes } = await avatars.read(`${hash}/small`, 'image/webp');
        expect(await sharp(bytes).metadata()).toMatchObject({ width: 128, format: 'webp' });
      }
    })();
    await Promise.all(Array.from({ length: 200 }, (_, i) => avatars.upload(hash, pictures[i % 4]!).expect(200)));
    replacing = false;
    expect(await reading).toBeGreaterThan(20);
    await vitrine.settled();
    const { rows } = await vitrine.db.query('select version from avatars where hash = $1', [hash]);
    const files = await until(async () => {
      const now = await kept(hash);
      return now.length === 3 && now;
    }, 'one set of files');
    expect(files.every((path) => path.includes(rows[0].version))).toBe(true);
  }, 120_000);
});
