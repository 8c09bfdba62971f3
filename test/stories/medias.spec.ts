import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture, video } from '../setup/make-media.js';
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

  it('is edited, and deleted with its bytes and its quota', async () => {
    const { body: before } = await ada.get('/api/users/me').expect(200);
    const media = await ada.publish('photo', await picture(640, 480).jpeg().toBuffer(), { tags: ['one'] });
    const { body: edited } = await ada
      .put(`/api/medias/${media.url}`, { title: 'New', tags: ['two', 'three'], visibility: 'unlisted' })
      .expect(200);
    expect(edited).toMatchObject({ title: 'New', tags: ['two', 'three'], visibility: 'unlisted' });
    await ada.put(`/api/medias/${media.url}`, {}).expect(200);
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

  it('needs files of its owner and its kind that are unused and not failed', async () => {
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

  it('is created once under one Idempotency-Key, even in parallel', async () => {
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
  it('lists everything once, in every order', async () => {
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
      const medias = await anybody.all(`/api/medias?username=${(bea as Json).username}&sort=${sort}`, 2);
      const seen = medias.map(({ url }) => url as string);
      expect({ sort, seen: seen.toSorted() }).toEqual({ sort, seen: urls.toSorted() });
      if (sort === 'newest') expect(seen).toEqual(urls.toReversed());
      if (sort === 'oldest') expect(seen).toEqual(urls);
      if (sort === 'most-viewed') expect(seen.slice(0, 2).toSorted()).toEqual([urls[1], urls[3]].toSorted());
    }
  });

  it('refuses unknown parameters, by name', async () => {
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
