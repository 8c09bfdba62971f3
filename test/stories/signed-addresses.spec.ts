import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

/** Tokens are valid for one to two of these. */
const lifeMs = 4_000;
let vitrine: Vitrine;
let ada: Client & { username: string };
let follower: Client & { username: string };
let anybody: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start({ env: { MEDIA_TOKEN_MS: String(lifeMs), LOG_LEVEL: 'info' } });
  ada = await vitrine.signUp();
  follower = await vitrine.signUp();
  anybody = vitrine.client();
  await vitrine.db.query(
    `insert into follows (follower_id, followee_id, accepted_at)
     select f.id, o.id, now() from users f, users o where f.username = $1 and o.username = $2`,
    [follower.username, ada.username],
  );
});
afterAll(() => vitrine.stop());

const hrefFor = async (client: Client, media: Json): Promise<string> => {
  const { body } = await client.get(`/api/medias/${media.url}`).expect(200);
  const { href } = body.files[0].renditions[0];
  expect(href).toMatch(/[?&]t=/);
  return href;
};
const publish = async (visibility: string) =>
  ada.publish('photo', await picture(60, 60).png().toBuffer(), { visibility });

describe('a signed address', () => {
  it('expires, and can be renewed', async () => {
    const media = await publish('private');
    const href = await hrefFor(ada, media);
    await anybody.get(href).expect(200);
    const answer = await until(
      async () => {
        const got = await anybody.get(href);
        return got.status !== 200 && got;
      },
      'the address to end',
      3 * lifeMs,
      250,
    );
    expect([answer.status, answer.body.code]).toEqual([401, 'media_token_invalid']);
    await anybody.get(await hrefFor(ada, media)).expect(200);
  });

  it.each<[string, (media: Json) => Promise<unknown>]>([
    ['becomes private', (media) => ada.put(`/api/medias/${media.url}`, { visibility: 'private' }).expect(200)],
    ['is deleted', (media) => ada.delete(`/api/medias/${media.url}`).expect(204)],
    [
      'belongs to somebody who lets the follower go',
      () =>
        vitrine.db.query('delete from follows where follower_id = (select id from users where username = $1)', [
          follower.username,
        ]),
    ],
  ])('of a follower stops working as soon as the media %s', async (_, end) => {
    const media = await publish('followers');
    const href = await hrefFor(follower, media);
    await anybody.get(href).expect(200);
    await end(media);
    await anybody.get(href).expect(404, 'file_not_found');
  });

  it('is in no log', async () => {
    const href = await hrefFor(ada, await publish('private'));
    await anybody.get(href).expect(200);
    await anybody.get(`${href}x`).expect(401);
    const token = new URL(href, vitrine.origin).searchParams.get('t')!;
    await until(async () => vitrine.said.includes('/api/photos/'), 'the request in the log');
    expect(vitrine.said).not.toContain(token.split('.')[2]);
  });
});
