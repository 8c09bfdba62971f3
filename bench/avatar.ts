import { toSvg } from 'jdenticon';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import sharp from 'sharp';
import { load } from './load.js';
import { cameraJpeg, saved, withFolder } from './media.js';
import { atLeast, atMost, cpuOf, cpuOfProcess, inTurns, report, wallOf, type Settings } from './measure.js';
import { withServer } from './server.js';
import { withSystem, type System } from './system.js';

const secret = 'a secret of the benchmark, which is long enough';
const seconds = 4;
const connections = 10;
const drawings = 1_000;
const atOnce = 2;

/** A cached size against the same file served by @fastify/static; new drawings and uploads against sharp alone. */
export async function avatar({ pairs }: Settings): Promise<void> {
  const env = { AVATAR_JWT_SECRET: secret, RATE_LIMIT_FACTOR: '0' };
  const jpeg = await cameraJpeg(2000, 1500);
  await withFolder(async (dir) => {
    await withSystem({ env, workers: ['social,maintenance'] }, async (system) => {
      await cached(system, dir, jpeg, pairs);
      const ours = async () => {
        const before = await cpuOfProcess(system.pid('api'));
        await drawn(async (hash) => void (await (await get(system, hash)).arrayBuffer()));
        return (await cpuOfProcess(system.pid('api'))) - before;
      };
      const bareDrawings = () => cpuOf(() => drawn(bareDrawing));
      report('avatar, drawn, CPU', 's', await inTurns(pairs, ours, bareDrawings), atMost(1.3));
      const input = await saved(dir, 'photo.jpg', jpeg);
      const upload = () => wallOf(() => put(system, newHash(), jpeg));
      const bare = () => wallOf(() => bareSizes(input, join(dir, 'bare')));
      report('avatar, uploaded', 's', await inTurns(pairs, upload, bare), atMost(1.3));
    });
  });
}

async function cached(system: System, dir: string, jpeg: Buffer, pairs: number): Promise<void> {
  const hash = newHash();
  await put(system, hash, jpeg);
  await saved(dir, 'avatar.webp', Buffer.from(await (await get(system, hash)).arrayBuffer()));
  await withServer('bare-static', [dir], async (bareOrigin) => {
    const rate = (url: string) => async () =>
      (await load({ url, headers: { accept: 'image/webp' }, seconds, connections })).requests;
    const samples = await inTurns(pairs, rate(`${system.origin}/avatars/${hash}`), rate(`${bareOrigin}/avatar.webp`));
    report('avatar, cached', 'req/s', samples, atLeast(0.8));
  });
}

const newHash = () => createHash('sha1').update(randomBytes(16)).digest('hex');
const get = (system: System, path: string) =>
  fetch(`${system.origin}/avatars/${path}`, { headers: { accept: 'image/webp' } });

async function put(system: System, hash: string, bytes: Buffer): Promise<void> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256' })}.${part({ hash, exp: Math.floor(Date.now() / 1000) + 600 })}`;
  const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  const answer = await fetch(`${system.origin}/avatars/${hash}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'image/jpeg' },
    body: new Uint8Array(bytes),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}

/** Of so many new hashes. */
async function drawn(draw: (hash: string) => Promise<void>): Promise<void> {
  const limit = pLimit(atOnce);
  await Promise.all(Array.from({ length: drawings }, () => limit(() => draw(newHash()))));
}

async function bareDrawing(hash: string): Promise<void> {
  const svg = toSvg(hash, 256, { backColor: '#f3f4f6', padding: 0.12, saturation: { color: 0.55, grayscale: 0.1 } });
  await sharp(Buffer.from(svg)).removeAlpha().webp({ quality: 85, effort: 0 }).toBuffer();
}

/** One decode; every size from its pixels. */
async function bareSizes(input: string, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const { data, info } = await sharp(input)
    .autoOrient()
    .resize(1024, 1024, { fit: 'cover', position: sharp.strategy.attention })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  for (const side of [1024, 512, 256, 128]) {
    const square = () => sharp(data, { raw }).resize(side, side);
    await square()
      .webp({ quality: 80, effort: 4, smartSubsample: true })
      .toFile(join(dir, `${side}.webp`));
    await square()
      .png({ compressionLevel: 9 })
      .toFile(join(dir, `${side}.png`));
    await square()
      .jpeg({ quality: 82, progressive: true })
      .toFile(join(dir, `${side}.jpg`));
  }
}
