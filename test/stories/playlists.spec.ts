import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture, song } from '../setup/make-media.js';
import { bareMedias, expectTrueCounters, inside, item, makePlaylist as make } from '../setup/playlists.js';
import { Vitrine } from '../setup/vitrine.js';

type User = Awaited<ReturnType<Vitrine['signUp']>>;

let vitrine: Vitrine;
let ada: User;
let bob: User;
let anybody: Client;
let photo: Json;
let music: Json;
beforeAll(async () => {
  vitrine = await Vitrine.start();
  [ada, bob] = (await Promise.all([vitrine.signUp(), vitrine.signUp()])) as [User, User];
  anybody = vitrine.client();
  photo = await bob.publish('photo', await picture(80, 60).png().toBuffer());
  music = await bob.publish('music', await song(1));
});
afterAll(() => vitrine.stop());

const titles = async (who: Client, path: string): Promise<string[]> =>
  (await who.get(path).expect(200)).body.items.map(({ title }: Json) => title);
describe('a playlist', () => {
  it('is created, read, changed and deleted by its owner', async () => {
    const body = { title: 'Road', description: 'For long ways', type: 'music', visibility: 'unlisted' };
    const made = await Promise.all(
      Array.from({ length: 4 }, () => ada.post('/api/playlists', body, { 'idempotency-key': 'p-1' }).expect(201)),
    );
    expect(new Set(made.map((answer) => answer.body.url)).size).toBe(1);
    const playlist = made[0]!.body;
    expect(playlist).toMatchObject({ ...body, owner: { username: ada.username }, counts: { items: 0 }, cover: null });
    const path = `/api/playlists/${playlist.url}`;
    await anybody.get(path).expect(200);
    await bob.put(path, { title: 'Mine' }).expect(403, 'not_yours');
    await bob.delete(path).expect(403, 'not_yours');
    await anybody.delete(path).expect(401, 'not_signed_in');
    const { body: edited } = await ada.put(path, { title: 'Roads', visibility: 'private' }).expect(200);
    expect(edited).toMatchObject({ title: 'Roads', description: 'For long ways', visibility: 'private' });
    await ada.put(path, {}).expect(200);
    await ada.put(path, { ownerId: 'x' }).expect(422);
    for (const ask of [bob.get(path), bob.put(path, { title: 'x' }), bob.delete(path), bob.get(`${path}/medias`)])
      await ask.expect(404, 'playlist_not_found');
    await ada.delete(path).expect(204);
    await ada.get(path).expect(404, 'playlist_not_found');
    await ada.post('/api/playlists', { title: '' }).expect(422);
    await ada.post('/api/playlists', { title: 'x'.repeat(129) }).expect(422);
    await ada.post('/api/playlists', { title: 'x', type: 'reel' }).expect(422);
  });

  it('is listed and found by everybody, or by followers', async () => {
    const owner = await vitrine.signUp();
    const fan = await vitrine.signUp();
    await fan.post(`/api/follows/${owner.username}`).expect(201);
    for (const visibility of ['public', 'unlisted', 'followers', 'private'])
      await make(owner, { title: `Zwölf ${visibility}`, visibility, description: 'Gesammelte Werke', type: 'photo' });
    const own = `username=${owner.username}`;
    const hidden = ['Zwölf followers', 'Zwölf public'];
    const all = ['Zwölf private', 'Zwölf followers', 'Zwölf unlisted', 'Zwölf public'];
    expect(await titles(anybody, `/api/playlists?${own}`)).toEqual(['Zwölf public']);
    expect(await titles(fan, `/api/playlists?${own}&type=photo`)).toEqual(hidden);
    expect(await titles(fan, `/api/playlists?${own}&type=music`)).toEqual([]);
    expect(await titles(fan, `/api/playlists?${own}&sort=oldest`)).toEqual(hidden.toReversed());
    expect(await titles(owner, '/api/playlists?username=me')).toEqual(all);
    expect(await titles(owner, `/api/playlists?${own}`)).toEqual(all);
    expect((await titles(fan, '/api/playlists?limit=100')).slice(0, 2)).toEqual(hidden);
    expect(await titles(anybody, '/api/playlists?limit=1')).toEqual(['Zwölf public']);
    await anybody.get('/api/playlists?username=me').expect(401, 'not_signed_in');
    for (const term of ['zwolf', 'Zwölf%20public', 'gesammelte', 'werke%20zw', 'zwolv%20public'])
      expect([term, await titles(anybody, `/api/playlists/search/${term}`)]).toEqual([term, ['Zwölf public']]);
    expect((await titles(fan, '/api/playlists/search/zwolf')).toSorted()).toEqual(hidden);
    expect(await titles(fan, '/api/playlists/search/zwolf?sort=oldest')).toEqual(hidden.toReversed());
    expect(await titles(anybody, '/api/playlists/search/%25')).toEqual([]);
    const { body } = await fan.get('/api/playlists?limit=1').expect(200);
    await fan.get(`/api/playlists?sort=oldest&cursor=${body.nextCursor}`).expect(422, 'validation_failed');
    expect((await titles(fan, `/api/playlists?limit=1&cursor=${body.nextCursor}`))[0]).toBe('Zwölf public');

    await fan.post(`/api/mutes/${owner.username}`).expect(201);
    expect(await titles(fan, '/api/playlists/search/zwolf')).toEqual([]);
    await owner.post(`/api/blocks/${fan.username}`).expect(201);
    expect(await titles(fan, `/api/playlists?${own}`)).toEqual([]);
    await owner.put('/api/users/me', { isPrivate: true }).expect(200);
    expect(await titles(anybody, `/api/playlists?${own}`)).toEqual([]);
  });
});

describe('the items of a playlist', () => {
  it('are added once, with a note, at a position, and removed', async () => {
    const playlist = await make(ada);
    const [a, b, c, d] = (await bareMedias(vitrine, bob, 4)) as [string, string, string, string];
    const { body } = await ada.post(item(a, playlist), { note: 'First' }).expect(201);
    expect(body.counts.items).toBe(1);
    await ada.post(item(a, playlist), { note: 'Again' }).expect(200);
    await ada.post(item(b, playlist)).expect(201);
    await ada.post(item(c, playlist), { position: 1 }).expect(201);
    await ada.post(item(d, playlist), { position: 99 }).expect(201);
    expect(await inside(anybody, playlist)).toEqual([c, a, b, d]);
    await ada.put(item(d, playlist), { position: 2, note: 'Second' }).expect(200);
    await ada.put(item(a, playlist), { note: 'Third' }).expect(200);
    const { body: page } = await anybody.get(`/api/playlists/${playlist.url}/medias`).expect(200);
    expect(page.items.map(({ url, note }: Json) => [url, note])).toEqual([
      [c, ''],
      [d, 'Second'],
      [a, 'Third'],
      [b, ''],
    ]);
    for (const body of [{ position: 0 }, { position: 1.5 }, { note: 'x'.repeat(513) }, { rank: 'a0' }])
      await ada.put(item(a, playlist), body).expect(422, 'validation_failed');
    await ada.delete(item(d, playlist)).expect(204);
    await ada.delete(item(d, playlist)).expect(204);
    await ada.put(item(d, playlist), { position: 1 }).expect(404, 'not_in_playlist');
    expect(await inside(anybody, playlist)).toEqual([c, a, b]);
    await expectTrueCounters(vitrine);
  });

  it('are managed by the owner, and match its type', async () => {
    const playlist = await make(ada, { type: 'video' });
    const [reel, still] = [...(await bareMedias(vitrine, bob, 1, 'reel')), ...(await bareMedias(vitrine, bob, 1))] as [
      string,
      string,
    ];
    await ada.post(item(reel, playlist)).expect(201);
    await ada.post(item(still, playlist)).expect(422, 'playlist_type_mismatch');
    await ada.put(`/api/playlists/${playlist.url}`, { type: 'music' }).expect(422, 'playlist_type_mismatch');
    await ada.put(`/api/playlists/${playlist.url}`, { type: 'any' }).expect(200);
    await ada.post(item(still, playlist)).expect(201);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const body = method === 'DELETE' ? undefined : { note: 'x' };
      await bob.send(method, item(reel, playlist), body).expect(403, 'not_yours');
      await ada.send(method, item('k3JfW0aXq9TzB7Lm', playlist), body).expect(404, 'media_not_found');
      await ada.send(method, item(reel, { url: 'k3JfW0aXq9TzB7Lm' }), body).expect(404, 'playlist_not_found');
    }
    await bob.put(`/api/playlists/${playlist.url}/order`, { media: reel, after: still }).expect(403, 'not_yours');
  });

  it('give the first picture that the viewer may see', async () => {
    const playlist = await make(ada);
    await ada.post(item(music.url, playlist)).expect(201);
    await ada.post(item(photo.url, playlist)).expect(201);
    const cover = async (who: Client) => (await who.get(`/api/playlists/${playlist.url}`).expect(200)).body.cover;
    expect(await cover(anybody)).toBe(`/api/photos/${photo.files[0].url}?size=thumb`);
    await bob.put(`/api/medias/${photo.url}`, { visibility: 'followers' }).expect(200);
    expect(await cover(anybody)).toBeNull();
    const signed = await cover(bob);
    expect(signed).toContain('&t=');
    await anybody.get(signed).expect(200);
    await bob.put(`/api/medias/${photo.url}`, { visibility: 'public' }).expect(200);
  });

  it('are hidden from those they are hidden from elsewhere', async () => {
    const owner = await vitrine.signUp();
    const fan = await vitrine.signUp();
    await fan.post(`/api/follows/${owner.username}`).expect(201);
    await ada.post(`/api/follows/${owner.username}`).expect(201);
    const playlist = await make(ada);
    const [open, unlisted, followers, closed] = (await bareMedias(vitrine, owner, 4)) as [
      string,
      string,
      string,
      string,
    ];
    for (const url of [open, unlisted, followers, closed]) await ada.post(item(url, playlist)).expect(201);
    const hide = async (url: string, visibility: string) => owner.put(`/api/medias/${url}`, { visibility }).expect(200);
    await hide(unlisted, 'unlisted');
    await hide(followers, 'followers');
    await hide(closed, 'private');
    expect(await inside(anybody, playlist)).toEqual([open]);
    expect(await inside(bob, playlist)).toEqual([open]);
    expect(await inside(fan, playlist)).toEqual([open, followers]);
    expect(await inside(owner, playlist)).toEqual([open, unlisted, followers, closed]);
    // Its owner knows the address of the unlisted one; hidden items can still be removed and count for positions.
    expect(await inside(ada, playlist)).toEqual([open, unlisted, followers]);
    await ada.put(item(open, playlist), { position: 3 }).expect(200);
    expect(await inside(ada, playlist)).toEqual([unlisted, followers, open]);
    await ada.delete(item(closed, playlist)).expect(204);
    expect((await ada.get(`/api/playlists/${playlist.url}`).expect(200)).body.counts.items).toBe(3);
    await ada.post(item(closed, playlist)).expect(404, 'media_not_found');

    await owner.post(`/api/blocks/${bob.username}`).expect(201);
    expect(await inside(bob, playlist)).toEqual([]);
    await vitrine.db.query('update users set disabled_at = now() where username = $1', [owner.username]);
    expect(await inside(anybody, playlist)).toEqual([]);
    expect(await inside(fan, playlist)).toEqual([]);
  });
});
