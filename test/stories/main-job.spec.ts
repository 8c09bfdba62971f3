import exifr from 'exifr';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { ffprobe, phoneExif, picture, song, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let ada: Client;
let anybody: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  ada = await vitrine.signUp();
  anybody = vitrine.client();
});
afterAll(() => vitrine.stop());

/** Saves bytes and runs ffprobe on them. */
async function probed(bytes: Buffer, name: string) {
  const path = join(vitrine.dataDir, name);
  await writeFile(path, bytes);
  return ffprobe(path);
}

const rolesOf = (file: Json): string[] =>
  [...new Set<string>(file.renditions.map(({ role }: Json) => role))].toSorted();

describe('a photo', () => {
  let media: Json;
  beforeAll(async () => {
    const turned = await picture(1600, 1200)
      .withExif(phoneExif)
      .withMetadata({ orientation: 6 })
      .jpeg({ progressive: true })
      .toBuffer();
    expect(await exifr.gps(await picture(8, 8).withExif(phoneExif).jpeg().toBuffer())).toMatchObject({
      latitude: expect.closeTo(48.85, 1),
    });
    media = await ada.publish('photo', turned, { title: 'Turned', tags: ['#Café', 'b-w'] });
  });

  it('is published with sizes, placeholder and colour', () => {
    expect(media).toMatchObject({
      type: 'photo',
      title: 'Turned',
      status: 'ready',
      visibility: 'public',
      tags: ['café', 'b-w'],
    });
    const [file] = media.files;
    expect(file).toMatchObject({
      kind: 'photo',
      width: 1200,
      height: 1600,
      color: expect.stringMatching(/^#[0-9a-f]{6}$/),
    });
    expect(Buffer.from(file.placeholder, 'base64').length).toBeGreaterThan(5);
    const made = file.renditions.map(
      ({ name, mimeType, width, height }: Json) => `${name} ${mimeType} ${width}x${height}`,
    );
    expect(rolesOf(file)).toEqual(['size']);
    expect(made.toSorted()).toEqual([
      'large image/jpeg 1200x1600',
      'large image/webp 1200x1600',
      'medium image/jpeg 576x768',
      'medium image/webp 576x768',
      'original image/jpeg 1200x1600',
      'small image/webp 480x640',
      'thumb image/webp 240x320',
    ]);
  });

  it('is served upright, without revealing where it was taken', async () => {
    for (const { href, mimeType, width, height, bytes } of media.files[0].renditions) {
      const got = await anybody.get(href).expect(200);
      expect(got.bytes.length).toBe(bytes);
      expect(got.headers.get('content-type')).toBe(mimeType);
      const shown = await sharp(got.bytes).autoOrient().toBuffer({ resolveWithObject: true });
      expect(shown.info).toMatchObject({ width, height });
      expect(await exifr.gps(got.bytes).catch(() => undefined)).toBeUndefined();
      expect(got.bytes.includes('Testphone')).toBe(false);
    }
  });

  it('comes in the best accepted format', async () => {
    const address = `/api/photos/${media.files[0].url}`;
    const types = {
      'image/avif,image/webp,*/*;q=0.8': 'image/webp',
      'image/jpeg': 'image/jpeg',
      '*/*': 'image/webp',
      'image/webp;q=0.1,image/jpeg': 'image/jpeg',
    };
    for (const [accept, type] of Object.entries(types)) {
      const { headers } = await anybody.get(address, { accept }).expect(200);
      expect({ accept, type: headers.get('content-type'), vary: headers.get('vary') }).toEqual({
        accept,
        type,
        vary: 'Origin, Accept',
      });
    }
  });

  it('gives the raw upload to its owner only', async () => {
    const address = `/api/photos/${media.files[0].url}?raw=1`;
    const { bytes, headers } = await ada.get(address).expect(200);
    expect(await exifr.gps(bytes)).toMatchObject({ latitude: expect.closeTo(48.85, 1) });
    expect(headers.get('cache-control')).toBe('private, no-store');
    await anybody.get(address).expect(403, 'not_yours');
  });

  it('can be one of ten', async () => {
    const files: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { body } = await ada
        .upload(
          'photo',
          await picture(300 + i, 200)
            .png()
            .toBuffer(),
        )
        .expect(202);
      files.push(body.url);
    }
    const { body } = await ada.post('/api/medias', { type: 'photo', files }).expect(201);
    expect(body.files.map(({ url }: Json) => url)).toEqual(files);
    const ready = await until(async () => {
      const { body: now } = await anybody.get(`/api/medias/${body.url}`);
      return now.status === 'ready' && now;
    }, 'the media to be ready');
    expect(ready.files).toHaveLength(3);
  });
});

describe('a video', () => {
  let media: Json;
  beforeAll(async () => {
    media = await ada.publish('video', await video('854x480', 7), { title: 'Test card' });
  });

  it('has a ladder whose rungs are as long as the source and aligned', async () => {
    const [file] = media.files;
    expect(file).toMatchObject({
      width: 854,
      height: 480,
      hls: `/api/videos/${file.url}`,
      poster: `/api/videos/${file.url}/poster`,
    });
    expect(rolesOf(file)).toEqual(['audio', 'poster', 'rung']);
    const rungs = file.renditions.filter(({ role }: Json) => role === 'rung');
    expect(rungs.map(({ name }: Json) => name)).toEqual(['144p', '240p', '360p', '480p']);
    const starts = new Set<string>();
    for (const { name, href, width, height, bytes } of rungs) {
      const got = await anybody.get(href).expect(200);
      expect(got.bytes.length).toBe(bytes);
      const { streams } = await probed(got.bytes, `${name}.mp4`);
      const picture = streams.find(({ codec_type }) => codec_type === 'video');
      expect(picture).toMatchObject({ codec_name: 'h264', width, height });
      expect(streams.find(({ codec_type }) => codec_type === 'audio')).toMatchObject({ codec_name: 'aac' });
      expect(Math.abs(Number(picture!.duration) - 7)).toBeLessThan(0.1);
      const { body: playlist } = await anybody.get(`/api/videos/${file.url}/${name}.m3u8`).expect(200);
      starts.add((playlist as string).match(/#EXTINF:[\d.]+/g)!.join());
    }
    expect([...starts]).toHaveLength(1);
  });

  it('has playlists whose every address and range works', async () => {
    const address = media.files[0].hls;
    const { body: master, headers } = await anybody.get(address).expect(200);
    expect(headers.get('content-type')).toMatch(/mpegurl/);
    expect(master).toContain('#EXT-X-INDEPENDENT-SEGMENTS');
    const playlists = (master as string).split('\n').filter((line) => line.startsWith('/'));
    expect(playlists, 'four rungs, and the sound alone').toHaveLength(5);
    for (const playlist of playlists) {
      const { body } = await anybody.get(playlist).expect(200);
      const ranges = [...(body as string).matchAll(/BYTERANGE[:=]"?(\d+)@(\d+)/g)].map(
        ([, length, offset]) => [Number(length), Number(offset)] as const,
      );
      const uri = /^\/.*\.mp4\?v=\w{8}$/m.exec(body as string)![0];
      for (const [length, offset] of ranges) {
        const { bytes } = await anybody.get(uri, { range: `bytes=${offset}-${offset + length - 1}` }).expect(206);
        expect(bytes.length).toBe(length);
      }
    }
  });

  it('has a poster', async () => {
    const { bytes } = await anybody.get(media.files[0].poster, { accept: 'image/jpeg' }).expect(200);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 854, height: 480 });
    expect((await anybody.get(media.files[0].poster)).headers.get('cache-control')).toBe('public, no-cache');
    const { href } = media.files[0].renditions.find(({ mimeType }: Json) => mimeType === 'image/webp');
    expect((await anybody.get(href)).headers.get('cache-control')).toContain('immutable');
  });

  it('is a reel only if it is vertical', async () => {
    const { body: wide } = await ada.upload('video', await video('320x180', 1)).expect(202);
    await ada.post('/api/medias', { type: 'reel', files: [wide.url] }).expect(422, 'file_kind_mismatch');
    const { body: tall } = await ada.upload('video', await video('180x320', 1)).expect(202);
    await ada.post('/api/medias', { type: 'reel', files: [tall.url] }).expect(201);
    expect(await ada.settled(tall.url)).toMatchObject({ status: 'ready', width: 180, height: 320 });
  });
});

describe('a music', () => {
  it('is streamed and downloaded, with its tags', async () => {
    const media = await ada.publish('music', await song(5));
    const [file] = media.files;
    expect(file.facts.tags).toMatchObject({ title: 'Gleis 9', artist: 'Die Probe' });
    expect(rolesOf(file)).toEqual(['audio', 'download', 'waveform']);
    expect(Math.abs(file.durationMs - 5_000)).toBeLessThan(100);

    const { body: playlist } = await anybody.get(file.hls).expect(200);
    expect(playlist).toMatch(/#EXT-X-MAP:URI="\/api\/musics\/\w+\/audio\.mp4\?v=\w{8}"/);
    const download = await anybody.get(`/api/musics/${file.url}/audio.m4a`).expect(200);
    const { format, streams } = await probed(download.bytes, 'audio.m4a');
    expect(format.tags).toMatchObject({ title: 'Gleis 9', artist: 'Die Probe' });
    expect(streams[0]).toMatchObject({ codec_name: 'aac' });
    expect(Math.abs(Number(format.duration) - 5)).toBeLessThan(0.1);
    await anybody.get(`/api/musics/${file.url}/cover`).expect(404, 'rendition_not_found');
    const { body: waveform } = await anybody.get(file.waveform).expect(200);
    expect(waveform).toMatchObject({ bits: 8, length: expect.toSatisfy((n: number) => n >= 495 && n <= 510) });
    expect(file.facts.loudness.integratedLufs).toBeLessThan(0);
  });
});
