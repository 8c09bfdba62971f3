import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ladder } from '../../src/processing/video/video-ladder.js';
import type { Client, Json } from '../setup/client.js';
import { Vitrine } from '../setup/vitrine.js';
import { describeReal, pathOf, read } from './folder.js';
import { reader, tellTales } from './metadata.js';
import { difference, frame, raster, similarity, wrongWays } from './pixels.js';
import { readMaster, readMedia, type MediaPlaylist, type Variant } from './playlists.js';
import { codecName, streamsOf, type Streams } from './streams.js';
import { videoCases } from './video-cases.js';

const patienceMs = 240_000;
const lengthTolerance = 0.1;

describeReal('real videos, as a stranger gets them', () => {
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

  /** One rung as it came over HTTP. */
  interface Rung extends Streams {
    name: string;
    variant: Variant;
    playlist: MediaPlaylist;
    bytes: Buffer;
    path: string;
  }

  describe.each(videoCases)('$file', ({ file, width, height, seconds, sound, rungs: expected, secrets = [] }) => {
    let media: Json;
    let rungs: Rung[];
    let alone: Rung[];
    beforeAll(async () => {
      const uploaded = await owner.uploadFile('video', pathOf(file));
      expect(uploaded).toMatchObject({ status: 202, body: { filename: expect.any(String) } });
      expect(await owner.settled(uploaded.body.url, patienceMs)).toMatchObject({ status: 'ready', width, height });
      const { body: published } = await owner
        .post('/api/medias', { type: 'video', files: [uploaded.body.url] })
        .expect(201);
      media = (await stranger.get(`/api/medias/${published.url}`).expect(200)).body;
      const master = await stranger.get(media.files[0].hls).expect(200);
      const variants = await Promise.all(readMaster(master.body).map(fetchRung));
      rungs = variants.filter(({ variant }) => variant.resolution);
      alone = variants.filter(({ variant }) => !variant.resolution);
    }, patienceMs);

    async function fetchRung(variant: Variant): Promise<Rung> {
      const name = /(\w+)\.m3u8/.exec(variant.uri)![1]!;
      const playlist = readMedia((await stranger.get(variant.uri).expect(200)).body);
      const { bytes } = await stranger.get(`/api/videos/${media.files[0].url}/${name}.mp4`).expect(200);
      const path = join(dir, `${media.files[0].url}-${name}.mp4`);
      await writeFile(path, bytes);
      return { name, variant, playlist, bytes, path, ...(await streamsOf(path)) };
    }
    const pictures = (rung: Rung) => rung.streams.find(({ codec_type }) => codec_type === 'video')!;

    it('has its rungs, in the displayed sizes', () => {
      const sizes = rungs.map((rung) => [rung.name, [pictures(rung).width, pictures(rung).height]]);
      expect(Object.fromEntries(sizes)).toEqual(expected);
      for (const rung of rungs) {
        const { sample_aspect_ratio, pix_fmt, side_data_list = [], codec_name } = pictures(rung);
        expect({ codec_name, pix_fmt }).toEqual({ codec_name: 'h264', pix_fmt: 'yuv420p' });
        expect(sample_aspect_ratio ?? '1:1').toBe('1:1');
        expect(side_data_list.filter(({ rotation }) => rotation)).toEqual([]);
      }
    });

    it('lasts as long as its source, and has sound exactly if that has', () => {
      expect(Math.abs(media.files[0].durationMs / 1000 - seconds)).toBeLessThanOrEqual(lengthTolerance);
      for (const { name, format, streams } of rungs) {
        expect(Math.abs(Number(format.duration) - seconds), name).toBeLessThanOrEqual(lengthTolerance);
        const kinds = streams.map(({ codec_type }) => codec_type).toSorted();
        expect(kinds).toEqual(sound ? ['audio', 'video'] : ['video']);
      }
    });

    it('can be heard without pictures', () => {
      expect(alone.map(({ name }) => name)).toEqual(sound ? ['audio'] : []);
      for (const { streams, variant, playlist } of alone) {
        expect(streams.map(codecName)).toEqual(['mp4a.40.2']);
        expect(variant).toMatchObject({ codecs: 'mp4a.40.2', bandwidth: expect.toSatisfy((rate) => rate < 110_000) });
        expect(playlist.segments.reduce((sum, part) => sum + part.seconds, 0)).toBeLessThan(seconds + 0.2);
      }
    });

    it('looks like its source', async () => {
      for (const rung of rungs) {
        const { width: w, height: h, r_frame_rate } = pictures(rung);
        const alike = await similarity(rung.path, pathOf(file), `${w}:${h}`, r_frame_rate!);
        expect(alike, rung.name).toBeGreaterThan(0.9);
      }
    });

    it('stands upright', async () => {
      const at = Math.max(0, seconds / 2 - 0.1);
      const source = await frame(pathOf(file), at);
      for (const { name, path } of rungs) {
        const shown = await frame(path, at);
        const off = difference(shown, source);
        expect(off, name).toBeLessThan(12);
        for (const wrong of await wrongWays(source)) expect(difference(shown, wrong), name).toBeGreaterThan(2 * off);
      }
    });

    it('has segments that start at the same times in every rung, each with a key frame', () => {
      const starts = rungs.map(({ name, packets, playlist }) => {
        const frames = packets.filter(({ codec_type }) => codec_type === 'video');
        return playlist.segments.map(({ start, length }) => {
          const inside = frames.filter(({ pos }) => Number(pos) >= start && Number(pos) < start + length);
          expect(inside[0]?.flags, name).toContain('K');
          return Number(inside[0]!.pts_time).toFixed(3);
        });
      });
      for (const ofRung of starts) expect(ofRung).toEqual(starts[0]);
      let announced = Number(starts[0]![0]);
      rungs[0]!.playlist.segments.forEach(({ seconds }, i) => {
        expect(Math.abs(Number(starts[0]![i]) - announced)).toBeLessThan(0.05);
        announced += seconds;
      });
    });

    it('has playlists whose byte ranges cover the whole file, and are served', async () => {
      for (const { playlist, bytes, name } of rungs) {
        const { lines, targetSeconds, init, segments } = playlist;
        expect(lines).toEqual(
          expect.arrayContaining([
            '#EXTM3U',
            '#EXT-X-PLAYLIST-TYPE:VOD',
            '#EXT-X-INDEPENDENT-SEGMENTS',
            '#EXT-X-ENDLIST',
          ]),
        );
        let end = 0;
        for (const part of [init, ...segments]) {
          expect(part.start, `${name} has no gaps`).toBe(end);
          end += part.length;
          const answer = await stranger.get(part.uri, { range: `bytes=${part.start}-${end - 1}` }).expect(206);
          expect(answer.headers.get('content-range')).toBe(`bytes ${part.start}-${end - 1}/${bytes.length}`);
          expect(answer.bytes.equals(bytes.subarray(part.start, end))).toBe(true);
        }
        expect(end, name).toBe(bytes.length);
        for (const { seconds } of segments) expect(Math.round(seconds)).toBeLessThanOrEqual(targetSeconds);
      }
    });

    it('has a master playlist that describes the rungs', () => {
      for (const rung of rungs) {
        const { variant, playlist, streams } = rung;
        const { width, height, r_frame_rate = '' } = pictures(rung);
        expect(variant.codecs.split(',').toSorted()).toEqual(streams.map(codecName).toSorted());
        expect(variant.resolution).toBe(`${width}x${height}`);
        const [frames = 0, perSeconds = 1] = r_frame_rate.split('/').map(Number);
        expect(variant.frameRate).toBeCloseTo(frames / perSeconds, 2);

        const rate = ({ length, seconds }: MediaPlaylist['segments'][number]) => (length * 8) / seconds;
        const long = playlist.segments.filter((s) => s.seconds >= playlist.targetSeconds / 2);
        const total = playlist.segments.reduce((sum, { length }) => sum + length * 8, 0);
        const average = total / playlist.segments.reduce((sum, { seconds }) => sum + seconds, 0);
        expect(variant.averageBandwidth / average).toBeCloseTo(1, 2);
        expect(variant.bandwidth).toBeGreaterThanOrEqual(Math.floor(Math.max(average, ...long.map(rate))));
        expect(variant.bandwidth).toBeLessThanOrEqual(Math.ceil(Math.max(...playlist.segments.map(rate))));
      }
      const widths = rungs.map((rung) => pictures(rung).width!);
      expect(widths, 'smallest first').toEqual(widths.toSorted((a, b) => a - b));
    });

    it('stays within the bit rates of its rungs', () => {
      for (const { name, variant } of rungs) {
        const { maxKbps, audioKbps } = ladder.find((step) => step.name === name)!;
        // The first second of a clip may fill the decoder's buffer, and containers add a little.
        const most = (maxKbps * (1 + 1 / Math.max(1, seconds)) + audioKbps) * 1.1 * 1000;
        expect(variant.averageBandwidth, name).toBeLessThanOrEqual(most);
      }
    });

    it('has a poster that is not blank', async () => {
      const { body: _, bytes } = await stranger.get(`${media.files[0].poster}?size=large`).expect(200);
      const poster = sharp(bytes);
      const { width: w, height: h } = await poster.metadata();
      expect(Math.abs(w / h - width / height)).toBeLessThan(0.02);
      const { channels } = await sharp(await raster(poster), { raw: { width: 96, height: 96, channels: 3 } }).stats();
      expect(Math.max(...channels.map(({ stdev }) => stdev))).toBeGreaterThan(8);
    });

    it(`reveals nothing of where and with what it was taken (read with ${reader})`, async () => {
      const images = media.files[0].renditions.filter(({ mimeType }: Json) => mimeType.startsWith('image/'));
      const got = await Promise.all(
        images.map(async ({ href }: Json) => [href, (await stranger.get(href).expect(200)).bytes] as const),
      );
      expect(images.length).toBeGreaterThan(3);
      const files = {
        ...Object.fromEntries(got),
        ...Object.fromEntries(rungs.map(({ name, bytes }) => [name, bytes])),
      };
      expect(await tellTales(files)).toEqual([]);

      const source = await read(file);
      if (secrets.length) expect(await tellTales({ source })).not.toEqual([]);
      for (const secret of secrets) {
        expect(source.includes(secret), `${secret} in the source`).toBe(true);
        for (const [name, bytes] of Object.entries(files))
          expect(bytes.includes(secret), `${secret} in ${name}`).toBe(false);
      }
    });
  });
});
