import HLS from 'hls-parser';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { ffmpeg } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';

HLS.setOptions({ strictMode: true });

const seconds = 9;
const lines = '1\n00:00:01,000 --> 00:00:03,000\nGood morning\n';

/** A film with two sound tracks and one of subtitles. */
const film = () =>
  ffmpeg(
    ...['-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=25:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=300:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=900:duration=${seconds}`],
    ...['-f', 'srt', '-i', `data:text/plain;base64,${Buffer.from(lines).toString('base64')}`],
    ...['-map', '0', '-map', '1', '-map', '2', '-map', '3', '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac'],
    ...['-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=deu', '-metadata:s:s:0', 'language=eng'],
    'film.mkv',
  );

let vitrine: Vitrine;
let ada: Client;
let anybody: Client;
let file: Json;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  ada = await vitrine.signUp();
  anybody = vitrine.client();
  file = (await ada.publish('video', await film())).files[0];
});
afterAll(() => vitrine.stop());

const playlist = async (uri: string) => HLS.parse((await anybody.get(uri).expect(200)).body as string);
const media = async (uri: string) => (await playlist(uri)) as HLS.types.MediaPlaylist;
const rangesOf = ({ segments }: HLS.types.MediaPlaylist) =>
  segments.map(({ byterange }) => byterange as { offset: number; length: number });

it('has a valid master playlist with all tracks', async () => {
  const { variants, isMasterPlaylist, version, independentSegments } = (await playlist(
    file.hls,
  )) as HLS.types.MasterPlaylist;
  expect({ isMasterPlaylist, version, independentSegments }).toEqual({
    isMasterPlaylist: true,
    version: 7,
    independentSegments: true,
  });
  const streams = variants.filter(({ isIFrameOnly }) => !isIFrameOnly);
  expect(streams.map(({ resolution, codecs }) => [resolution?.height, codecs])).toEqual([
    ...[144, 240, 360].map((height) => [height, expect.stringMatching(/^avc1\.64[0-9a-f]{4},mp4a\.40\.2$/)]),
    [undefined, 'mp4a.40.2'],
  ]);
  for (const { audio, subtitles } of streams) {
    expect(
      audio.map(({ name, language, isDefault, uri }) => ({ name, language, isDefault, isApart: Boolean(uri) })),
    ).toEqual([
      { name: 'English', language: 'en', isDefault: true, isApart: false },
      { name: 'German', language: 'de', isDefault: false, isApart: true },
    ]);
    expect(subtitles.map(({ name, language }) => ({ name, language }))).toEqual([{ name: 'English', language: 'en' }]);
  }
  const [, german] = streams[0]!.audio;
  const heard = await media(german!.uri!);
  expect(Math.abs(heard.segments.reduce((sum, { duration }) => sum + duration, 0) - seconds)).toBeLessThan(0.1);
});

it('stores the facts of its master playlist apart from the thousands of segments of a long video', async () => {
  const rows = async () =>
    (
      await vitrine.db.query(
        `select facts ? 'segments' as mixed, facts ? 'bandwidth' as kept, jsonb_array_length(segments) as segments from renditions
         where role in ('rung', 'audio') and file_id = (select id from files where url = $1)`,
        [file.url],
      )
    ).rows as { mixed: boolean; kept: boolean; segments: number }[];
  for (const row of await rows()) expect(row).toEqual({ mixed: false, kept: true, segments: expect.any(Number) });
  const master = (await anybody.get(file.hls).expect(200)).body;
  // Renditions made before these facts were stored give the same playlist.
  await vitrine.db.query(
    `update renditions set facts = facts - 'bandwidth' - 'keyFrames' where file_id = (select id from files where url = $1)`,
    [file.url],
  );
  expect((await anybody.get(file.hls).expect(200)).body).toBe(master);
});

it('has rungs whose segments start at the same times, each with a key frame', async () => {
  const { variants } = (await playlist(file.hls)) as HLS.types.MasterPlaylist;
  const rungs = variants.filter(({ isIFrameOnly, resolution }) => !isIFrameOnly && resolution);
  const searches = variants.filter(({ isIFrameOnly }) => isIFrameOnly);
  expect(searches).toHaveLength(rungs.length);
  const lengths = new Set<string>();
  for (const [i, rung] of rungs.entries()) {
    const [all, keys] = [await media(rung.uri), await media(searches[i]!.uri)];
    lengths.add(all.segments.map(({ duration }) => duration.toFixed(3)).join());
    expect(keys.isIFrame).toBe(true);
    const [ranges, pictures] = [rangesOf(all), rangesOf(keys)];
    expect(pictures.map(({ offset }) => offset)).toEqual(ranges.map(({ offset }) => offset));
    pictures.forEach(({ length }, at) => expect(length).toBeLessThan(ranges[at]!.length));
    expect(searches[i]!.bandwidth).toBeLessThan(rung.bandwidth);
  }
  expect(lengths.size).toBe(1);
});

it('shows seek previews', async () => {
  const { body, headers } = await anybody.get(file.storyboard).expect(200);
  expect(headers.get('content-type')).toBe('text/vtt; charset=utf-8');
  const cues = [...(body as string).matchAll(/^(\/\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$/gm)];
  expect(cues).toHaveLength(seconds);
  const [, sheet] = cues[0]!;
  const got = await anybody.get(sheet!).expect(200);
  const { width, height, format } = await sharp(got.bytes).metadata();
  expect({ format, type: got.headers.get('content-type') }).toEqual({ format: 'jpeg', type: 'image/jpeg' });
  for (const [, , x, y, w, h] of cues) {
    expect([Number(w), Number(h)]).toEqual([160, 90]);
    expect(Number(x) + Number(w)).toBeLessThanOrEqual(width);
    expect(Number(y) + Number(h)).toBeLessThanOrEqual(height);
  }
  await anybody.get(`/api/videos/${file.url}/storyboard/7.jpg`).expect(404, 'rendition_not_found');
});

it('serves embedded subtitles, which the owner can replace', async () => {
  const [track] = file.subtitles;
  expect(track).toMatchObject({ language: 'en', label: 'English' });
  expect((await anybody.get(track.href).expect(200)).body).toContain('Good morning');
  const { body: view } = await ada.get(`/api/files/${file.url}`);
  await ada
    .send('PUT', `/api/medias/${view.usedBy}/subtitles/en`, Buffer.from(lines.replace('Good', 'Fine')), {
      'content-type': 'text/plain',
    })
    .expect(200);
  const { body: now } = await anybody.get(`/api/medias/${view.usedBy}`);
  expect(now.files[0].subtitles).toHaveLength(1);
  expect((await anybody.get(now.files[0].subtitles[0].href)).body).toContain('Fine morning');
});

it('keeps all of it to those who may see the video', async () => {
  const { body: view } = await ada.get(`/api/files/${file.url}`);
  await ada.put(`/api/medias/${view.usedBy}`, { visibility: 'private' }).expect(200);
  const paths = ['', '/keyframes/144p.m3u8', '/audio.m3u8', '/audio2.mp4', '/storyboard.vtt', '/storyboard/1.jpg'];
  for (const path of paths) await anybody.get(`/api/videos/${file.url}${path}`).expect(404, 'file_not_found');
  const { body: own } = await ada.get(`/api/medias/${view.usedBy}`);
  const { body: story } = await anybody.get(own.files[0].storyboard).expect(200);
  const sheet = /^(\/\S+)#/m.exec(story)![1]!;
  expect(sheet).toMatch(/[?&]t=/);
  await anybody.get(sheet).expect(200);
  const { variants } = (await playlist(own.files[0].hls)) as HLS.types.MasterPlaylist;
  for (const { uri } of variants) await anybody.get(uri).expect(200);
});
