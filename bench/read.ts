import type { Settings } from './measure.js';
import { picture } from '../test/setup/make-media.js';
import { compare, type Request } from './same-sql.js';
import { answer, publish, send, untilReady, withSystem, type System } from './system.js';

const env = { RATE_LIMIT_FACTOR: '0' };
const get = (path: string): Request => ({ method: 'GET', path });

/** Reads one media, signed in. */
export async function read({ pairs }: Settings): Promise<void> {
  await withSystem({ env }, async (system) => {
    const media = await publishPhoto(system, 0);
    await compare(system, 'read', [get(`/api/medias/${media}`)], { pairs, goal: 0.8 });
  });
}

/** Reads a page of twenty medias, and of twenty comments. */
export async function list({ pairs }: Settings): Promise<void> {
  await withSystem({ env }, async (system) => {
    let media = '';
    for (let i = 0; i < 24; i++) media = await publishPhoto(system, i);
    const headers = { ...system.user, 'content-type': 'application/json' };
    for (let i = 0; i < 24; i++) {
      const body = JSON.stringify({ text: `Comment number ${i} of those that are listed.` });
      await answer(await fetch(`${system.origin}/api/comments/medias/${media}`, { method: 'POST', headers, body }));
    }
    await compare(system, 'list medias', [get('/api/medias?limit=20')], { pairs, goal: 0.8 });
    await compare(system, 'list comments', [get(`/api/comments/medias/${media}?limit=20`)], { pairs, goal: 0.8 });
  });
}

/**
 * Reactions that change each time, on twenty medias in turn, and comments, on a hundred: one author may write at most a
 * thousand on each. No workers run.
 */
export async function write({ pairs }: Settings): Promise<void> {
  await withSystem({ env }, async (system) => {
    const medias: string[] = [];
    for (let i = 0; i < 20; i++) medias.push(await publishPhoto(system, i));
    await system.end('social,maintenance');
    const likes = [true, false].flatMap((isLike) =>
      medias.map((url): Request => ({ method: 'POST', path: `/api/medias/${url}/likes`, body: { isLike } })),
    );
    await compare(system, 'write likes', likes, { pairs, goal: 0.6 });
    const { rows } = await system.db.query<{ url: string }>(
      `insert into medias (url, owner_id, type, title, description, visibility, status, shown, published_at)
       select 'talked' || lpad(i::text, 10, '0'), owner_id, type, title, description, visibility, status, shown, now()
       from medias, generate_series(1, 100) i where url = $1 returning url`,
      [medias[0]],
    );
    const comments = rows.map(({ url }): Request => ({
      method: 'POST',
      path: `/api/comments/medias/${url}`,
      body: { text: 'Well seen, and well said.' },
    }));
    await compare(system, 'write comments', comments, { pairs, goal: 0.6, fresh: ({ url }) => url });
  });
}

async function publishPhoto(system: System, seed: number): Promise<string> {
  const { url } = await send(
    system,
    'photo',
    await picture(640, 480 + seed)
      .jpeg()
      .toBuffer(),
  );
  await untilReady(system, url);
  return (await publish(system, 'photo', [url])).url;
}
