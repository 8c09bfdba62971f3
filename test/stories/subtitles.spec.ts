import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let ada: Client;
let anybody: Client;
let media: Json;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  ada = await vitrine.signUp();
  anybody = vitrine.client();
  media = await ada.publish('video', await video('320x180', 3));
});
afterAll(() => vitrine.stop());

const srt = '1\n00:00:00,500 --> 00:00:02,000\nGrüß <script>x</script>Gott\n';
const put = (client: Client, lang: string, body: string | Buffer, type = 'application/x-subrip') =>
  client.send('PUT', `/api/medias/${media.url}/subtitles/${lang}`, Buffer.from(body), { 'content-type': type });

it('subtitles are added, replaced, listed, served and removed', async () => {
  const { body: track } = await put(ada, 'DE', srt).expect(201);
  expect(track).toMatchObject({ language: 'de', label: 'Deutsch', cues: 1 });
  await put(ada, 'en', 'WEBVTT\n\n00:00.500 --> 00:02.000\nHello', 'text/vtt').expect(201);
  const { body } = await anybody.get(`/api/medias/${media.url}`).expect(200);
  expect(body.files[0].subtitles.map(({ language, label }: Json) => `${language} ${label}`).toSorted()).toEqual([
    'de Deutsch',
    'en English',
  ]);
  expect(body.files[0].renditions.map(({ name }: Json) => name)).not.toContain('de');

  const href = body.files[0].subtitles.find(({ language }: Json) => language === 'de').href;
  const vtt = await anybody.get(href).expect(200);
  expect(vtt.headers.get('content-type')).toBe('text/vtt; charset=utf-8');
  expect(vtt.body).toBe('WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nGrüß xGott\n');

  const { body: master } = await anybody.get(body.files[0].hls).expect(200);
  expect(master).toMatch(
    /#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="Deutsch",LANGUAGE="de",.*URI="([^"]+)"/,
  );
  expect(master).toMatch(/#EXT-X-STREAM-INF:.*SUBTITLES="subtitles"/);
  const { body: playlist } = await anybody.get(/LANGUAGE="de".*URI="([^"]+)"/.exec(master)![1]!).expect(200);
  await anybody.get((playlist as string).split('\n').find((line) => line.startsWith('/'))!).expect(200);

  const before = (await vitrine.stored()).filter((path) => path.includes('/subtitles/'));
  await put(ada, 'de', srt.replace('Gott', 'Welt')).expect(200);
  await until(async () => {
    const now = (await vitrine.stored()).filter((path) => path.includes('/subtitles/'));
    return now.length === 2 && now.some((path) => !before.includes(path));
  }, 'the old bytes to be gone');
  await ada.delete(`/api/medias/${media.url}/subtitles/de`).expect(204);
  await ada.delete(`/api/medias/${media.url}/subtitles/de`).expect(204);
  await anybody.get(`/api/videos/${media.files[0].url}/subtitles/de.vtt`).expect(404, 'rendition_not_found');
});

it('they survive reprocessing of their video', async () => {
  await put(ada, 'fr', srt).expect(201);
  const { url } = media.files[0];
  await vitrine.reprocess(url);
  await until(
    async () => !(await vitrine.db.query('select redo from files where url = $1', [url])).rows[0].redo,
    'the video to be processed again',
  );
  await anybody.get(`/api/videos/${url}/subtitles/fr.vtt`).expect(200);
});

it('invalid ones are refused, and so are other users', async () => {
  await put(ada, 'en', 'no cues here').expect(422, 'content_refused');
  await put(ada, 'en', '').expect(422, 'content_refused');
  await put(ada, 'en', Buffer.alloc(2_200_000, 'a')).expect(413, 'too_large');
  await put(ada, 'english!', srt).expect(422, 'validation_failed');
  await put(ada, 'en', srt, 'application/octet-stream').expect(415, 'unsupported_media_type');
  await ada.put(`/api/medias/${media.url}/subtitles/en`, {}).expect(415, 'unsupported_media_type');
  await put(await vitrine.signUp(), 'en', srt).expect(403, 'not_yours');
  await put(anybody, 'en', srt).expect(401);
  const photo = await ada.publish('photo', await picture(81, 81).png().toBuffer());
  await ada
    .send('PUT', `/api/medias/${photo.url}/subtitles/en`, Buffer.from(srt), { 'content-type': 'text/plain' })
    .expect(422, 'file_kind_mismatch');
});

it('they are not stored for a media that is deleted meanwhile', async () => {
  const gone = await ada.publish('video', await video('320x180', 2));
  const before = (await ada.get('/api/users/me').expect(200)).body.quota;
  const deletion = await vitrine.db.connect();
  try {
    await deletion.query('begin');
    await deletion.query('select 1 from medias where url = $1 for update', [gone.url]);
    const answer = ada.send('PUT', `/api/medias/${gone.url}/subtitles/de`, Buffer.from(srt), {
      'content-type': 'application/x-subrip',
    });
    await until(async () => {
      const waits = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      return (await vitrine.db.query(waits)).rowCount;
    }, 'the subtitles to wait');
    await deletion.query('delete from medias where url = $1', [gone.url]);
    await deletion.query('commit');
    await answer.expect(404, 'media_not_found');
  } finally {
    deletion.release();
  }
  expect((await ada.get('/api/users/me').expect(200)).body.quota).toEqual(before);
  const { rows } = await vitrine.db.query(
    `select 1 from renditions r join files f on f.id = r.file_id where f.url = $1 and r.role = 'subtitles'`,
    [gone.files[0].url],
  );
  expect(rows).toEqual([]);
});
