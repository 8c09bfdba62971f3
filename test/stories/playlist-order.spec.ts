import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { chance } from '../setup/chance.js';
import { bareMedias, expectTrueCounters, inside, item, makePlaylist as make } from '../setup/playlists.js';
import { Vitrine } from '../setup/vitrine.js';

type User = Awaited<ReturnType<Vitrine['signUp']>>;

let vitrine: Vitrine;
let ada: User;
let bob: User;
let anybody: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  [ada, bob] = (await Promise.all([vitrine.signUp(), vitrine.signUp()])) as [User, User];
  anybody = vitrine.client();
});
afterAll(() => vitrine.stop());

describe('the order', () => {
  const order = (playlist: Json, body: object) => ada.put(`/api/playlists/${playlist.url}/order`, body);

  it('equals a simple list after the same moves', async () => {
    const playlist = await make(ada);
    const model: string[] = [];
    const choose = chance('moves in a playlist');
    for (const url of await bareMedias(vitrine, bob, 14)) {
      const position = 1 + choose(model.length + 1);
      await ada.post(item(url, playlist), { position }).expect(201);
      model.splice(position - 1, 0, url);
    }
    const moves: object[] = [];
    for (let i = 0; i < 150; i++) {
      const media = model[choose(model.length)]!;
      const rest = model.filter((url) => url !== media);
      const place = choose(rest.length);
      const how = (['before', 'after', 'position'] as const)[i % 3]!;
      moves.push({ media, how, place });
      if (how === 'position') await ada.put(item(media, playlist), { position: place + 1 }).expect(200);
      else await order(playlist, { media, [how]: rest[place] }).expect(200);
      rest.splice(how === 'after' ? place + 1 : place, 0, media);
      model.splice(0, model.length, ...rest);
      if (i % 10 === 9) expect({ moves, order: await inside(anybody, playlist) }).toEqual({ moves, order: model });
    }
  });

  it('is changed relative to items in the list, one side at a time', async () => {
    const playlist = await make(ada);
    const [a, b, other] = (await bareMedias(vitrine, bob, 3)) as [string, string, string];
    for (const url of [a, b]) await ada.post(item(url, playlist)).expect(201);
    await order(playlist, { media: a, after: other }).expect(404, 'not_in_playlist');
    await order(playlist, { media: other, before: a }).expect(404, 'not_in_playlist');
    for (const body of [{ media: a }, { media: a, before: b, after: b }, { media: a, before: a }, { before: b }])
      await order(playlist, body).expect(422, 'validation_failed');
    expect(await inside(anybody, playlist)).toEqual([a, b]);
  });

  it('makes room when ranks get long', async () => {
    const playlist = await make(ada);
    const all = await bareMedias(vitrine, bob, 5);
    for (const url of all) await ada.post(item(url, playlist)).expect(201);
    const longest = async (): Promise<number> => {
      const { rows } = await vitrine.db.query(
        'select max(length(rank)) as n from playlist_items i join playlists p on p.id = i.playlist_id where p.url = $1',
        [playlist.url],
      );
      return rows[0].n;
    };
    const [first, second, third] = all as [string, string, string];
    // Repeatedly between the same two, until the rank would be too long for the index.
    await vitrine.db.query(
      `update playlist_items i set rank = case when m.url = $1 then 'a0' else 'a0' || repeat('0', 99) || '1' end
       from medias m where m.id = i.media_id and m.url in ($1, $2)`,
      [first, second],
    );
    expect(await longest()).toBe(102);
    await order(playlist, { media: third, after: first }).expect(200);
    expect(await inside(anybody, playlist)).toEqual([first, third, second, ...all.slice(3)]);
    expect(await longest()).toBeLessThan(5);
    for (let i = 0; i < 60; i++) await order(playlist, { media: all[3 + (i % 2)], after: first }).expect(200);
    expect(await inside(anybody, playlist)).toEqual([first, all[4], all[3], third, second]);
    expect(await longest()).toBeLessThan(20);
  });
});

describe('at once', () => {
  it('items are added and moved in parallel, and each has its own position', async () => {
    const playlist = await make(ada);
    const all = await bareMedias(vitrine, bob, 24);
    const adds = await Promise.all(
      [...all, ...all.slice(0, 6)].map((url, i) => ada.post(item(url, playlist), i % 3 ? {} : { position: 1 })),
    );
    expect(adds.filter(({ status }) => status === 201)).toHaveLength(24);
    expect(adds.filter(({ status }) => status === 200)).toHaveLength(6);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => {
        const [media, next] = [all[i % 24], all[(i * 5 + 7) % 24]];
        if (i % 4 === 3) return ada.put(item(media!, playlist), { position: 1 + (i % 24) });
        return ada.put(`/api/playlists/${playlist.url}/order`, { media, [i % 2 ? 'before' : 'after']: next });
      }),
    );
    expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 422)).toEqual([]);
    const found = await inside(anybody, playlist);
    expect(found.toSorted()).toEqual(all.toSorted());
    await expectTrueCounters(vitrine);
  });

  it('medias are deleted while they are added, moved and removed, and playlists, too', async () => {
    const people = [ada, bob];
    for (let round = 0; round < 6; round++) {
      const lists = await Promise.all(Array.from({ length: 6 }, (_, i) => make(people[i % 2]!)));
      const all = await bareMedias(vitrine, ada, 8);
      await Promise.all(
        lists.flatMap((list, i) => all.slice(0, 5).map((url) => people[i % 2]!.post(item(url, list)).expect(201))),
      );
      const answers = await Promise.all([
        ...all.slice(0, 4).map((url) => ada.delete(`/api/medias/${url}`)),
        ...lists.slice(4).map((list, i) => people[i % 2]!.delete(`/api/playlists/${list.url}`)),
        ...lists.flatMap((list, i) => {
          const who = people[i % 2]!;
          return [
            who.put(`/api/playlists/${list.url}/order`, { media: all[0], after: all[3] }),
            who.put(item(all[1]!, list), { position: 1 }),
            who.delete(item(all[2]!, list)),
            ...all.slice(5).map((url) => who.post(item(url, list))),
          ];
        }),
      ]);
      expect(answers.filter(({ status }) => status >= 500).map(({ body }) => body)).toEqual([]);
      await expectTrueCounters(vitrine);
    }
  });
});
