import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { ffmpeg } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';
import { describeReal, pathOf, read } from './folder.js';
import { reader, tellTales } from './metadata.js';
import { difference, raster } from './pixels.js';
import { readMedia, type MediaPlaylist } from './playlists.js';
import { streamsOf } from './streams.js';

interface Case {
  file: string;
  /** Decoded, not according to headers. */
  seconds: number;
  tags: Record<string, unknown>;
  /** px */
  cover?: [number, number];
  /** The source reveals where or with what it was recorded; these words must not be in the output. */
  secrets?: string[];
}

const cases: Case[] = [
  {
    file: 'audio/bear-id3.mp3',
    seconds: 2.808,
    tags: { title: 'Test title', artist: 'Test Artist', album: 'Test Album' },
    cover: [1400, 1400],
  },
  { file: 'audio/bear_with_picture.flac', seconds: 2.741, tags: {}, cover: [371, 320] },
  {
    file: 'audio/Kevin_MacLeod_-_Vibe_Ace.hq.ogg',
    seconds: 61.459,
    tags: { title: 'Vibe Ace', artist: 'Kevin MacLeod', album: 'Jazz Sampler', year: 2011 },
    cover: [720, 720],
  },
  {
    file: 'audio/bear_with_id3.flac',
    seconds: 2.741,
    tags: { title: '那么爱你为什么', artist: '阿强', album: '华丽的外衣' },
  },
  { file: 'audio/bear-cbr-no-seek-table-trailing-garbage.mp3', seconds: 2.821, tags: {} },
  { file: 'audio/sample_alac.mp4', seconds: 1.022, tags: {}, secrets: [] },
  { file: 'audio/bear.opus', seconds: 2.74, tags: {} },
  { file: 'audio/sine_16ch_s16.wav', seconds: 1, tags: {} },
  { file: 'audio/bear_flac.ogg', seconds: 2.741, tags: {} },
  { file: 'audio/bear_vorbis.ogg', seconds: 2.741, tags: {} },
  { file: 'audio/bear_no_num_samples.flac', seconds: 2.741, tags: {} },
  { file: 'audio/bear-vbr-no-seek-table.mp3', seconds: 2.808, tags: {} },
  { file: 'audio/sample_opus.mp4', seconds: 1.0035, tags: {} },
  { file: 'audio/sine_mono_s24.wav', seconds: 4, tags: {} },
  { file: 'audio/t-rex-roar.mp3', seconds: 2.074, tags: {} },
];
const tolerance = 0.1;

describeReal('real music, as a stranger gets it', () => {
  let vitrine: Vitrine;
  let owner: Client;
  let stranger: Client;
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vitrine-real-'));
    vitrine = await Vitrine.start();
    owner = await vitrine.signUp();
    stranger = vitrine.client();
  });
  afterAll(async () => {
    await vitrine.stop();
    await rm(dir, { recursive: true, force: true });
  });

  describe.each(cases)('$file', ({ file, seconds, tags, cover, secrets }) => {
    let music: Json;
    let playlist: MediaPlaylist;
    let parts: Record<'audio.mp4' | 'audio.m4a', Buffer>;
    beforeAll(async () => {
      const published = await owner.publish('music', await read(file));
      [music] = (await stranger.get(`/api/medias/${published.url}`).expect(200)).body.files;
      playlist = readMedia((await stranger.get(music.hls).expect(200)).body);
      const get = async (name: string) => (await stranger.get(`/api/musics/${music.url}/${name}`).expect(200)).bytes;
      parts = { 'audio.mp4': await get('audio.mp4'), 'audio.m4a': await get('audio.m4a') };
    });
    const streams = async (name: keyof typeof parts) => {
      const path = join(dir, `${music.url}-${name}`);
      await writeFile(path, parts[name]);
      return streamsOf(path);
    };

    it('lasts as long as its source in both forms', async () => {
      expect(Math.abs(music.durationMs / 1000 - seconds)).toBeLessThanOrEqual(tolerance);
      for (const name of ['audio.mp4', 'audio.m4a'] as const) {
        const found = await streams(name);
        const inside = found.streams.map(({ codec_name }) => codec_name);
        expect(inside).toEqual(cover && name === 'audio.m4a' ? ['aac', 'mjpeg'] : ['aac']);
        expect(Math.abs(Number(found.format.duration) - seconds), name).toBeLessThanOrEqual(tolerance);
      }
      const announced = playlist.segments.reduce((sum, segment) => sum + segment.seconds, 0);
      expect(Math.abs(announced - seconds)).toBeLessThanOrEqual(tolerance);
    });

    it('has a playlist whose byte ranges cover the whole file, and are served', async () => {
      const bytes = parts['audio.mp4'];
      let end = 0;
      for (const part of [playlist.init, ...playlist.segments]) {
        expect(part.start).toBe(end);
        end += part.length;
        const answer = await stranger.get(part.uri, { range: `bytes=${part.start}-${end - 1}` }).expect(206);
        expect(answer.bytes.equals(bytes.subarray(part.start, end))).toBe(true);
      }
      expect(end).toBe(bytes.length);
    });

    it('has its tags as facts and inside the download', async () => {
      expect(music.facts.tags).toEqual(tags);
      const { format } = await streams('audio.m4a');
      const { title, artist, album, date } = format.tags ?? {};
      const inside = { title, artist, album, ...(date && { year: Number(date) }) };
      expect(JSON.parse(JSON.stringify(inside))).toEqual(tags);
    });

    it('has its cover in every size, or none', async () => {
      if (!cover) {
        expect(music.cover).toBeUndefined();
        await stranger.get(`/api/musics/${music.url}/cover`).expect(404, 'rendition_not_found');
        return;
      }
      const embedded = await ffmpeg('-i', pathOf(file), '-map', '0:v', '-frames:v', '1', 'cover.png');
      const expected = await raster(sharp(embedded));
      const covers = music.renditions.filter(({ mimeType }: Json) => mimeType.startsWith('image/'));
      expect(covers).toHaveLength(6);
      for (const { href, name } of covers) {
        const { bytes } = await stranger.get(href).expect(200);
        const { width, height } = await sharp(bytes).metadata();
        if (name === 'large') expect([width, height]).toEqual(cover);
        expect(difference(await raster(sharp(bytes)), expected), name).toBeLessThan(5);
      }
      await stranger.get(music.cover).expect(200);
      const path = join(dir, `${music.url}-covered.m4a`);
      await writeFile(path, parts['audio.m4a']);
      const inside = await raster(sharp(await ffmpeg('-i', path, '-map', '0:v', '-c', 'copy', 'inside.jpg')));
      expect(difference(inside, expected), 'inside the download').toBeLessThan(5);
    });

    it(`reveals nothing of where and with what it was recorded (read with ${reader})`, async () => {
      expect(await tellTales(parts)).toEqual([]);
      const source = await read(file);
      if (secrets) expect(await tellTales({ source })).not.toEqual([]);
      for (const secret of secrets ?? []) {
        expect(source.includes(secret), `${secret} in the source`).toBe(true);
        for (const [name, bytes] of Object.entries(parts))
          expect(bytes.includes(secret), `${secret} in ${name}`).toBe(false);
      }
    });
  });
});
