import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3Client } from '../../src/platform/storage/s3-storage.js';
import { AvatarClient, avatarSecret, newHash, pixel, square } from '../setup/avatars.js';
import type { Client } from '../setup/client.js';
import { picture, song, video } from '../setup/make-media.js';
import { isLeftOut } from '../setup/needs.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

const {
  VITRINE_TEST_REDIS = '',
  VITRINE_TEST_S3 = '',
  VITRINE_TEST_S3_ACCESS_KEY_ID = '',
  VITRINE_TEST_S3_SECRET_ACCESS_KEY = '',
} = process.env;
const bucket = `main-job-${randomBytes(4).toString('hex')}`;
const redis = { REDIS_URL: VITRINE_TEST_REDIS };
const s3 = {
  S3_ENDPOINT: VITRINE_TEST_S3,
  S3_BUCKET: bucket,
  S3_ACCESS_KEY_ID: VITRINE_TEST_S3_ACCESS_KEY_ID,
  S3_SECRET_ACCESS_KEY: VITRINE_TEST_S3_SECRET_ACCESS_KEY,
  AVATAR_REDIRECT: 'true',
};

/** Runs the main job with the alternative of each switch; the stories run it with the default. */
const backends = [
  { name: 'the queue in Redis', env: redis, leftOut: isLeftOut('redis') },
  { name: 'files in S3', env: s3, leftOut: isLeftOut('s3') },
];

for (const { name, env, leftOut } of backends) {
  describe.skipIf(leftOut)(`with ${name}`, () => {
    let vitrine: Vitrine;
    let ada: Client;
    let anybody: Client;
    beforeAll(async () => {
      if ('REDIS_URL' in env) await emptyRedis();
      else await makeBucket();
      vitrine = await Vitrine.start({ env: { ...env, AVATAR_JWT_SECRET: avatarSecret } });
      ada = await vitrine.signUp();
      anybody = vitrine.client();
    });
    afterAll(() => vitrine.stop());

    it('photo, video and music are processed, published, streamed and deleted', async () => {
      const medias = [
        await ada.publish('photo', await picture(900, 600).jpeg().toBuffer()),
        await ada.publish('video', await video('320x180', 3)),
        await ada.publish('music', await song(3)),
      ];
      for (const media of medias) {
        for (const { href, bytes } of media.files[0].renditions) {
          expect((await anybody.get(href).expect(200)).bytes.length).toBe(bytes);
          expect((await anybody.get(href, { range: 'bytes=-5' }).expect(206)).bytes.length).toBe(5);
          await anybody.get(href, { range: `bytes=${bytes}-` }).expect(416);
        }
        await ada.delete(`/api/medias/${media.url}`).expect(204);
        await ada.get(media.files[0].renditions[0].href).expect(404);
      }
    });

    it('an avatar is uploaded, shown, replaced and deleted', async () => {
      const avatars = new AvatarClient(anybody);
      const hash = newHash();
      /** From here, or from the store. */
      const shown = async () => {
        const answer = await fetch(`${vitrine.origin}/avatars/${hash}`, { headers: { accept: 'image/png' } });
        expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/png']);
        expect(answer.redirected).toBe('AVATAR_REDIRECT' in env);
        return pixel(Buffer.from(await answer.arrayBuffer()));
      };
      await avatars.upload(hash, await square('#ff0000')).expect(201);
      expect(await shown()).toEqual([255, 0, 0]);
      await avatars.upload(hash, await square('#0000ff')).expect(200);
      expect(await shown()).toEqual([0, 0, 255]);
      await avatars.delete(hash).expect(204);
      const drawn = await anybody.get(`/avatars/${hash}`).expect(200);
      expect(drawn.headers.get('content-type')).toBe('image/webp');
    });

    it('a resumable upload becomes a file', async () => {
      const bytes = await picture(700, 500).png().toBuffer();
      const tus = {
        'tus-resumable': '1.0.0',
        'upload-length': String(bytes.length),
        'upload-metadata': `kind ${Buffer.from('photo').toString('base64')}`,
      };
      const { headers } = await ada
        .send('POST', '/api/uploads', bytes, { ...tus, 'content-type': 'application/offset+octet-stream' })
        .expect(201);
      expect(await ada.settled(headers.get('vitrine-file')!)).toMatchObject({ status: 'ready' });
    });

    it('a worker that is killed is replaced without a loss', async () => {
      const { body: file } = await ada.upload('video', await video('854x480', 15)).expect(202);
      await until(async () => (await ada.get(`/api/files/${file.url}`)).body.progress > 0, 'progress', 30_000, 50);
      await vitrine.end('image,video,audio', 'SIGKILL');
      vitrine.startWorker('image,video,audio');
      expect(await ada.settled(file.url, 100_000)).toMatchObject({ status: 'ready' });
    }, 120_000);
  });
}

async function emptyRedis(): Promise<void> {
  const client = new Redis(VITRINE_TEST_REDIS);
  await client.flushdb();
  await client.quit();
}

async function makeBucket(): Promise<void> {
  const client = s3Client({
    endpoint: VITRINE_TEST_S3,
    region: 'us-east-1',
    bucket,
    accessKeyId: VITRINE_TEST_S3_ACCESS_KEY_ID,
    secretAccessKey: VITRINE_TEST_S3_SECRET_ACCESS_KEY,
    forcePathStyle: true,
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
}
