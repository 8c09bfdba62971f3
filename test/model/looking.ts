import type { Json } from '../setup/client.js';
import { like } from './operations.js';
import { namesAreKnown, sorted } from './picture.js';
import type { World } from './world.js';

/** Everything a user sees of this world, through requests; in the same shape as `picture`. */
export async function look(world: World, viewer: number) {
  const { people, facts } = world;
  const { client } = people[viewer]!;
  const number = (username: string) => people.findIndex((person) => person.username === username);
  const users = async (path: string) =>
    sorted((await client.all(path)).map((user) => number(user.user?.username ?? user.username)));
  const urls = async (path: string) => sorted((await client.all(path)).map(({ url }) => url as string));
  const reactors = async (path: string) =>
    sorted((await client.all(path)).map(({ user, emoji }) => `${number(user.username)} ${emoji}`));

  const comment = async ({ url, author, replyTo, mentions, counts, viewer, deletedAt }: Json): Promise<object> => {
    const fact = facts.comments.find((one) => one.url === url);
    return {
      url,
      author: author && number(author.username),
      replyTo,
      names: fact && !fact.deleted && !namesAreKnown(facts, fact) ? 'perhaps' : mentions.map(number),
      counts,
      viewer,
      reactors: deletedAt ? null : await reactors(`/api/comments/${url}/likes`),
      replies: counts.replies ? await thread(`/api/comments/${url}/replies`) : [],
    };
  };
  const thread = async (path: string): Promise<object[]> =>
    Promise.all((await client.all(path)).toSorted((a, b) => (a.url < b.url ? -1 : 1)).map(comment));

  const media = async ({ url }: { url: string }) => {
    const path = `/api/medias/${url}`;
    const { status, body } = await client.get(path);
    if (status === 404) return null;
    return {
      counts: body.counts,
      viewer: body.viewer,
      reactors: await reactors(`${path}/likes`),
      likers: await reactors(`${path}/likes?emoji=${encodeURIComponent(like)}`),
      reposters: await users(`${path}/reposts`),
      comments: await thread(`/api/comments/medias/${url}`),
    };
  };
  const profile = async ({ username }: { username: string }) => {
    const path = `/api/users/${username}`;
    const { status, body } = await client.get(path);
    if (status === 404) return null;
    return {
      counts: body.counts,
      viewer: body.viewer,
      followers: await users(`${path}/followers`),
      followings: await users(`${path}/followings`),
      medias: await urls(`/api/medias?username=${username}`),
      reposts: await urls(`${path}/reposts`),
    };
  };
  return {
    medias: await Promise.all(facts.medias.map(media)),
    profiles: await Promise.all(people.map(profile)),
    own: {
      saved: await urls('/api/users/me/saved'),
      reacted: await urls('/api/users/me/reacted'),
      liked: await urls(`/api/users/me/reacted?emoji=${encodeURIComponent(like)}`),
      blocks: await users('/api/blocks'),
      mutes: await users('/api/mutes'),
    },
  };
}
