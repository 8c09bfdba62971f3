import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPerson, type Person } from '../model/world.js';
import { chance } from '../setup/chance.js';
import { groupsOf, post, readGroups, readTimeline, timelineByRows } from '../setup/feeds.js';
import { Vitrine } from '../setup/vitrine.js';

const choose = chance('feeds');
const worker = 'social,mail,maintenance';
const factor = Number(process.env.VITRINE_MODEL_RUNS ?? 1);

/** Timelines are written in advance for everybody, for nobody, and of some only. */
describe.each([
  ['250000', 'written in advance'],
  ['0', 'never written in advance'],
  ['2', 'written in advance of those with two followers'],
])('with FEED_FANOUT_LIMIT=%s, timelines %s', (limit) => {
  let vitrine: Vitrine;
  let people: Person[];
  beforeAll(async () => {
    vitrine = await Vitrine.start({ workers: [worker], env: { FEED_FANOUT_LIMIT: limit } });
    people = await Promise.all(Array.from({ length: 6 }, () => newPerson(vitrine)));
  });
  afterAll(() => vitrine.stop());

  let written = 0;
  const medias: { url: string; owner: number }[] = [];
  const anyone = () => choose(people.length);
  const two = () => {
    const one = anyone();
    return [people[one]!, people[(one + 1 + choose(people.length - 1)) % people.length]!] as const;
  };
  const some = () => medias[medias.length - 1 - choose(Math.min(medias.length, 12))];
  /** What may be refused, since somebody is blocked, or what it is about is gone. */
  const attempt = async (answer: Promise<{ status: number; body: unknown }>) => {
    const { status, body } = await answer;
    if (status >= 500) throw new Error(`${status}: ${JSON.stringify(body)}`);
  };
  const publish = async () => {
    const owner = anyone();
    const visibility = ['public', 'public', 'followers', 'private'][choose(4)]!;
    const type = ['photo', 'video', 'music'][choose(3)]!;
    medias.push({ url: await post(vitrine, people[owner]!.id, { type, visibility }), owner });
  };
  const towards = (verb: string, method: 'post' | 'delete', query = '') => {
    const [one, other] = two();
    return attempt(one.client[method](`/api/${verb}/${other.username}${query}`));
  };
  const repost = async (method: 'post' | 'delete') => {
    const media = some();
    if (media) await attempt(people[anyone()]!.client[method](`/api/medias/${media.url}/reposts`));
  };
  const away = async () => {
    await vitrine.db.query(
      `update feed_readers set seen_at = now() - interval '31 days', swept_at = now() - interval '2 days' where reader_id = $1`,
      [people[anyone()]!.id],
    );
    await vitrine.doNow('feeds.sweep');
  };
  /** Whoever has no timeline written gets one when they read next, and not after a minute. */
  const impatient = () => vitrine.db.query(`update feed_readers set seen_at = seen_at - interval '2 minutes'`);
  const acts: [number, () => Promise<unknown>][] = [
    [12, publish],
    [8, () => towards('follows', 'post')],
    [3, () => towards('follows', 'delete')],
    [2, () => towards('follows', 'delete', '?keep=true')],
    [8, () => repost('post')],
    [3, () => repost('delete')],
    [1, () => towards('blocks', 'post')],
    [2, () => towards('blocks', 'delete')],
    [1, () => towards('mutes', 'post')],
    [2, () => towards('mutes', 'delete')],
    [
      2,
      async () => {
        const media = some();
        if (media) await attempt(people[media.owner]!.client.delete(`/api/medias/${media.url}`));
      },
    ],
    [
      2,
      async () => {
        const media = some();
        const visibility = ['public', 'followers', 'private', 'unlisted'][choose(4)];
        if (media) await attempt(people[media.owner]!.client.put(`/api/medias/${media.url}`, { visibility }));
      },
    ],
    [1, () => attempt(people[anyone()]!.client.put('/api/users/me', { isPrivate: choose(3) === 0 }))],
    [3, () => attempt(people[anyone()]!.client.get('/api/feeds/timeline'))],
    [1, away],
    [1, () => (choose(4) === 0 ? vitrine.db.query('truncate feed_entries') : impatient())],
  ];
  const hat = acts.flatMap(([weight, act]) => Array.from({ length: weight }, () => act));

  /** Nobody acts now, though workers may still be writing: that must not be seen. */
  async function compare(): Promise<void> {
    const { rows } = await vitrine.db.query('select from feed_entries where floor');
    written += rows.length;
    for (const { id, client, username } of people) {
      const due = await timelineByRows(vitrine, id);
      const pageSize = 1 + choose(9);
      expect(await readTimeline(client, pageSize), `timeline of ${username}`).toEqual(
        due.map(({ verb, url }) => `${verb} ${url}`),
      );
      expect(await readGroups(client, pageSize), `groups of ${username}`).toEqual(groupsOf(due));
    }
  }

  it(
    'are what follows, medias and reposts say, at any moment',
    async () => {
      for (let round = 0; round < 14 * factor; round++) {
        for (let n = 0; n < 14; n++) await hat[choose(hat.length)]!();
        if (round % 4 === 1) {
          await vitrine.end(worker, 'SIGKILL');
          await compare();
          vitrine.startWorker(worker);
        }
        await compare();
        if (round % 2) {
          await impatient();
          await vitrine.settled();
          await compare();
        }
      }
      console.log(`${written} timelines were written in advance when they were compared`);
      expect(written > 0).toBe(limit !== '0');
    },
    300_000 * factor,
  );
});
