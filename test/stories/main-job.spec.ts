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

/** Saves bytes and looks at them with ffprobe. */
async function probed(bytes: Buffer, name: string) {
  const path = join(vitrine.dataDir, name);
  await writeFile(path, bytes);
  return ffprobe(path);
}

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

  it('is served upright, and nothing of it says where it was taken', async () => {
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

  it('comes in the best format that is accepted', async () => {
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
        vary: 'accept',
      });
    }
  });

  it('gives the raw upload to its owner alone', async () => {
    const address = `/api/photos/${media.files[0].url}?raw=1`;
    const { bytes, headers } = await ada.get(address).expect(200);
    expect(await exifr.gps(bytes)).toMatchObject({ latitude: expect.closeTo(48.85, 1) });
    expect(headers.get('cache-control')).toBe('private, no-store');
    await anybody.get(address).expect(404, 'file_not_found');
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
    const rungs = file.renditions.filter(({ mimeType }: Json) => mimeType === 'video/mp4');
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

  it('has playlists whose every address and range answers', async () => {
    const address = media.files[0].hls;
    const { body: master, headers } = await anybody.get(address).expect(200);
    expect(headers.get('content-type')).toMatch(/mpegurl/);
    expect(master).toContain('#EXT-X-INDEPENDENT-SEGMENTS');
    const playlists = (master as string).split('\n').filter((line) => line.startsWith('/'));
    expect(playlists).toHaveLength(4);
    for (const playlist of playlists) {
      const { body } = await anybody.get(playlist).expect(200);
      const ranges = [...(body as string).matchAll(/BYTERANGE[:=]"?(\d+)@(\d+)/g)].map(
        ([, length, offset]) => [Number(length), Number(offset)] as const,
      );
      const uri = /^\/.*\.mp4$/m.exec(body as string)![0];
      for (const [length, offset] of ranges) {
        const { bytes } = await anybody.get(uri, { range: `bytes=${offset}-${offset + length - 1}` }).expect(206);
        expect(bytes.length).toBe(length);
      }
    }
  });

  it('has a poster', async () => {
    const { bytes } = await anybody.get(media.files[0].poster, { accept: 'image/jpeg' }).expect(200);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 854, height: 480 });
  });

  it('is a reel only when it stands upright', async () => {
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
    expect(Math.abs(file.durationMs - 5_000)).toBeLessThan(100);

    const { body: playlist } = await anybody.get(file.hls).expect(200);
    expect(playlist).toMatch(/#EXT-X-MAP:URI="\/api\/musics\/\w+\/audio\.mp4"/);
    const download = await anybody.get(`/api/musics/${file.url}/audio.m4a`).expect(200);
    const { format, streams } = await probed(download.bytes, 'audio.m4a');
    expect(format.tags).toMatchObject({ title: 'Gleis 9', artist: 'Die Probe' });
    expect(streams[0]).toMatchObject({ codec_name: 'aac' });
    expect(Math.abs(Number(format.duration) - 5)).toBeLessThan(0.1);
    await anybody.get(`/api/musics/${file.url}/cover`).expect(404, 'rendition_not_found');
  });
});

describe('a media', () => {
  it('is published before its file is ready, and shown when it is', async () => {
    const { body: file } = await ada.upload('video', await video('640x360', 4)).expect(202);
    const { body: media } = await ada
      .post('/api/medias', { type: 'video', files: [file.url], title: 'Soon' })
      .expect(201);
    if (media.status === 'processing') await anybody.get(`/api/medias/${media.url}`).expect(404, 'media_not_found');
    await until(async () => (await anybody.get(`/api/medias/${media.url}`)).status === 200, 'the media to be shown');
    const { body: state } = await ada.get(`/api/files/${file.url}`).expect(200);
    expect(state).toMatchObject({ status: 'ready', progress: 1, usedBy: media.url });
  });

  it('is edited, and deleted with its bytes and its charge', async () => {
    const { body: before } = await ada.get('/api/users/me').expect(200);
    const media = await ada.publish('photo', await picture(640, 480).jpeg().toBuffer(), { tags: ['one'] });
    const { body: edited } = await ada
      .put(`/api/medias/${media.url}`, { title: 'New', tags: ['two', 'three'], visibility: 'unlisted' })
      .expect(200);
    expect(edited).toMatchObject({ title: 'New', tags: ['two', 'three'], visibility: 'unlisted' });
    await ada.put(`/api/medias/${media.url}`, {}).expect(422);
    await ada.put(`/api/medias/${media.url}`, { ownerId: 'x', likesCount: 9 }).expect(422);

    const { rows } = await vitrine.db.query('select id from files where url = $1', [media.files[0].url]);
    await ada.delete(`/api/files/${media.files[0].url}`).expect(409, 'file_in_use');
    await ada.delete(`/api/medias/${media.url}`).expect(204);
    await ada.get(`/api/medias/${media.url}`).expect(404);
    await ada.get(`/api/photos/${media.files[0].url}`).expect(404);
    await until(
      async () => !(await vitrine.stored()).some((path) => path.includes(rows[0].id)),
      'the bytes to be gone',
    );
    const { body: after } = await ada.get('/api/users/me').expect(200);
    expect(after.quota.total).toEqual(before.quota.total);
    expect(after.counts).toEqual(before.counts);
  });

  it("is made of files that are its owner's, of its kind, unused and not failed", async () => {
    const eve = await vitrine.signUp();
    const { body: mine } = await ada.upload('photo', await picture(90, 90).png().toBuffer()).expect(202);
    await eve.post('/api/medias', { type: 'photo', files: [mine.url] }).expect(404, 'file_not_found');
    await ada.post('/api/medias', { type: 'video', files: [mine.url] }).expect(422, 'file_kind_mismatch');
    await ada.post('/api/medias', { type: 'photo', files: [mine.url, mine.url] }).expect(422, 'validation_failed');
    await ada.post('/api/medias', { type: 'photo', files: [] }).expect(422);
    await ada.post('/api/medias', { type: 'photo', files: [mine.url] }).expect(201);
    await ada.post('/api/medias', { type: 'photo', files: [mine.url] }).expect(409, 'file_in_use');
  });

  it('has tags, each once', async () => {
    const media = await ada.publish('photo', await picture(91, 91).png().toBuffer());
    const tag = `/api/medias/${media.url}/tag/${encodeURIComponent('#日本')}`;
    await ada.post(tag).expect(201);
    await ada.post(tag).expect(200);
    expect(
      (await anybody.get(`/api/medias?tag=${encodeURIComponent('日本')}`).expect(200)).body.items.map(
        ({ url }: Json) => url,
      ),
    ).toEqual([media.url]);
    await ada.delete(tag).expect(204);
    await ada.delete(tag).expect(204);
    await ada.post(`/api/medias/${media.url}/tag/${encodeURIComponent('a b')}`).expect(422);
    await anybody.post(tag).expect(401, 'not_signed_in');
    await (await vitrine.signUp()).post(tag).expect(403, 'not_yours');
  });

  it('is created once under one Idempotency-Key, also by parallel requests', async () => {
    const { body: file } = await ada.upload('photo', await picture(92, 92).png().toBuffer()).expect(202);
    const body = { type: 'photo', files: [file.url], title: 'Once' };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => ada.post('/api/medias', body, { 'idempotency-key': 'k-1' }).expect(201)),
    );
    expect(new Set(answers.map((answer) => answer.body.url)).size).toBe(1);
    await ada
      .post('/api/medias', { ...body, title: 'Other' }, { 'idempotency-key': 'k-1' })
      .expect(422, 'idempotency_mismatch');
  });
});

describe('the list', () => {
  it('pages through everything once, in every order', async () => {
    const bea = await vitrine.signUp();
    const urls: string[] = [];
    for (let i = 0; i < 5; i++)
      urls.push(
        (
          await bea.publish(
            'photo',
            await picture(100 + i, 80)
              .png()
              .toBuffer(),
          )
        ).url,
      );
    for (const [i, url] of urls.entries())
      await vitrine.db.query('update medias set views_count = $1, likes_count = $2 where url = $3', [
        i % 2,
        i % 3,
        url,
      ]);
    for (const sort of ['newest', 'oldest', 'most-viewed', 'least-viewed', 'most-liked']) {
      const seen: string[] = [];
      let cursor = '';
      do {
        const { body } = await anybody
          .get(`/api/medias?username=${(bea as Json).username}&sort=${sort}&limit=2${cursor}`)
          .expect(200);
        seen.push(...body.items.map(({ url }: Json) => url));
        cursor = body.nextCursor ? `&cursor=${body.nextCursor}` : '';
      } while (cursor);
      expect({ sort, seen: seen.toSorted() }).toEqual({ sort, seen: urls.toSorted() });
      if (sort === 'newest') expect(seen).toEqual(urls.toReversed());
      if (sort === 'oldest') expect(seen).toEqual(urls);
      if (sort === 'most-viewed') expect(seen.slice(0, 2).toSorted()).toEqual([urls[1], urls[3]].toSorted());
    }
  });

  it('refuses parameters it does not know, by name', async () => {
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=x',
      'sort=id;drop',
      'type=any2',
      'cursor=nonsense',
      'q[$ne]=1',
      'sort[]=newest',
      'page=2',
    ]) {
      const { body } = await anybody.get(`/api/medias?${query}`).expect(422, 'validation_failed');
      expect(body.errors[0].pointer).toBe(`/${query.split('=')[0]}`);
    }
    const { body } = await anybody.get('/api/medias?limit=1').expect(200);
    if (body.nextCursor) await anybody.get(`/api/medias?sort=most-viewed&cursor=${body.nextCursor}`).expect(422);
  });
});
