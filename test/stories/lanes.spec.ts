import { afterAll, beforeAll, expect, it } from 'vitest';
import { ffmpeg, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail'] });
});
afterAll(() => vitrine.stop());

it('a first clip is encoded beside long ones, unless it is long itself', async () => {
  const film = ['-f', 'lavfi', '-i', 'color=c=navy:size=1280x720:rate=1:duration=900'];
  const first = {
    short: await video('320x180', 2),
    long: await ffmpeg(...film, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', 'film.mp4'),
  };
  const queueOf = async (bytes: Buffer) => {
    const who = await vitrine.signUp();
    const { body } = await who.upload('video', bytes).expect(202);
    const query = `select queue from bullmq.job j join files f on j.id = f.id || '-0' where f.url = $1`;
    return until(async () => (await vitrine.db.query(query, [body.url])).rows[0]?.queue as string, 'the job');
  };
  expect(await queueOf(first.short)).toBe('express');
  expect(await queueOf(first.long)).toBe('video');
}, 120_000);
