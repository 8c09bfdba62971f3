import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import type { Json } from '../setup/client.js';
import { post } from '../setup/feeds.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
});
afterAll(() => vitrine.stop());

const people = (count: number) => Promise.all(Array.from({ length: count }, () => newPerson(vitrine)));
const follow = (one: Person, other: Person) => one.client.post(`/api/follows/${other.username}`).expect(201);

describe('the feed of notifications', () => {
  it('has everybody who liked a media in one item, and all followers in one, whenever it was', async () => {
    const [ada, bob, cleo] = await people(3);
    const [one, other] = [await post(vitrine, ada!.id), await post(vitrine, ada!.id)];
    const like = (who: Person, url: string) => who.client.post(`/api/medias/${url}/likes`).expect(201);
    const read = async (query = '') =>
      (await ada!.client.get(`/api/feeds/notifications${query}`).expect(200)).body as Json;
    const short = ({ items }: Json) =>
      items.map(({ kind, media, actors, actorsCount }: Json) => [
        ...[kind, media?.url ?? null, actorsCount],
        actors.map(({ username }: Json) => username),
      ]);
    await like(bob!, one);
    await follow(bob!, ada!);
    await vitrine.settled();
    // What is read gathers no more in the list of notifications; here it does.
    const { body } = await ada!.client.get('/api/notifications').expect(200);
    await ada!.client.put('/api/notifications/read', { upTo: body.newestCursor }).expect(204);
    const { newestCursor } = await read();
    await like(cleo!, one);
    await vitrine.settled();
    await like(cleo!, other);
    await vitrine.settled();
    await follow(cleo!, ada!);
    await vitrine.settled();
    expect((await ada!.client.get('/api/notifications').expect(200)).body.items).toHaveLength(5);
    const due = [
      ['follow', null, 2, [cleo!.username, bob!.username]],
      ['like', other, 1, [cleo!.username]],
      ['like', one, 2, [cleo!.username, bob!.username]],
    ];
    const all = await read();
    expect(short(all)).toEqual(due);
    expect(all.items.map(({ read }: Json) => read)).toEqual([false, false, false]);
    expect(short(await read(`?since=${newestCursor}`))).toEqual(due);
    const { nextCursor } = await read('?limit=1');
    expect(short(await read(`?cursor=${nextCursor}`))).toEqual(due.slice(1));
    await cleo!.client.delete(`/api/medias/${one}/likes`).expect(204);
    await vitrine.settled();
    expect(short(await read())[2]).toEqual(['like', one, 1, [bob!.username]]);
    expect(JSON.stringify(all)).not.toContain('@example.org');
  });
});
