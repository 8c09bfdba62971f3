import type { Json } from '../setup/client.js';
import { atComment, atMedia, atUser, ofTheirs, type Act } from './act.js';
import type { CommentFact, MediaFact } from './facts.js';
import { size, type World } from './world.js';

interface Scene {
  world: World;
  actor: number;
  /** Random detail of the act. */
  more: number;
}
type OnMedia = (scene: Scene, media: MediaFact) => Act;
type OnComment = (scene: Scene, comment: CommentFact) => Act;
type OnUser = (scene: Scene, other: number) => Act;

export const like = '👍';
const dislike = '👎';
export const emojis = [like, dislike, '🎉', '❤️'];
const emojiOf = (more: number) => emojis[more % emojis.length]!;

/** Sets or removes a user's one reaction to a thing. */
const reacting = (
  { actor }: Scene,
  [path, body]: [string, object?],
  reactions: Map<number, string>,
  emoji: string,
): Pick<Act, 'request' | 'status' | 'done'> => ({
  request: [path.endsWith('likes') ? 'POST' : 'PUT', path, body],
  status: reactions.has(actor) ? 200 : 201,
  done: () => void reactions.set(actor, emoji),
});
const unreacting = (
  { actor }: Scene,
  path: string,
  reactions: Map<number, string>,
  only = emojis,
): Pick<Act, 'request' | 'status' | 'done'> => ({
  request: ['DELETE', path],
  status: 204,
  done: () => void (only.includes(reactions.get(actor) ?? '') && reactions.delete(actor)),
});

/** Creates or deletes a row. */
const marking =
  (what: 'reposts' | 'saves', there: boolean): OnMedia =>
  ({ world: { facts }, actor }, media) => ({
    ...(!there && media[what].has(actor) ? ofTheirs : atMedia)(facts, actor, media),
    request: [there ? 'POST' : 'DELETE', `/api/medias/${media.url}/${what}`],
    status: there ? (media[what].has(actor) ? 200 : 201) : 204,
    done: () => void media[what][there ? 'add' : 'delete'](actor),
  });

const textOf = ({ people }: World, names: number | null) =>
  names === null ? 'Well' : `Ask @${people[names]!.username}`;
const namesOf = (more: number) => (more % 3 ? null : more % size);

function writing({ world, actor, more }: Scene, media: MediaFact, parent: CommentFact | null) {
  const names = namesOf(more);
  const body = { text: textOf(world, names), ...(parent && { replyTo: parent.url }) };
  return {
    request: ['POST', `/api/comments/medias/${media.url}`, body] as Act['request'],
    status: 201,
    done: ({ url }: Json) =>
      void world.facts.comments.push({
        url,
        media,
        author: actor,
        parent,
        names,
        deleted: false,
        reactions: new Map(),
      }),
  };
}

export const onMedias: Record<string, OnMedia> = {
  like: (scene, media) => ({
    ...atMedia(scene.world.facts, scene.actor, media),
    ...(scene.more % 4
      ? reacting(scene, [`/api/medias/${media.url}/likes`], media.reactions, like)
      : reacting(scene, [`/api/medias/${media.url}/likes`, { isLike: false }], media.reactions, dislike)),
  }),
  unlike: (scene, media) => ({
    ...(media.reactions.has(scene.actor) ? ofTheirs : atMedia)(scene.world.facts, scene.actor, media),
    ...unreacting(scene, `/api/medias/${media.url}/likes`, media.reactions, [like, dislike]),
  }),
  react: (scene, media) => ({
    ...atMedia(scene.world.facts, scene.actor, media),
    ...reacting(
      scene,
      [`/api/medias/${media.url}/reaction`, { emoji: emojiOf(scene.more) }],
      media.reactions,
      emojiOf(scene.more),
    ),
  }),
  unreact: (scene, media) => ({
    ...(media.reactions.has(scene.actor) ? ofTheirs : atMedia)(scene.world.facts, scene.actor, media),
    ...unreacting(scene, `/api/medias/${media.url}/reaction`, media.reactions),
  }),
  repost: marking('reposts', true),
  unrepost: marking('reposts', false),
  save: marking('saves', true),
  unsave: marking('saves', false),
  comment: (scene, media) => ({
    ...atMedia(scene.world.facts, scene.actor, media),
    ...writing(scene, media, null),
  }),
  deleteMedia: ({ world: { facts }, actor }, media) => {
    const isMine = actor === media.owner;
    return {
      ...atMedia(facts, actor, media),
      again: isMine && facts.tryToDelete(actor, media),
      request: ['DELETE', `/api/medias/${media.url}`],
      status: isMine ? 204 : 403,
      done: () => void (isMine && (media.deleted = true)),
    };
  },
};

/** What only the comment's author or the media's owner may do; the owner can reach any comment. */
const owning = ({ world: { facts }, actor }: Scene, comment: CommentFact) =>
  (actor === comment.media.owner ? ofTheirs : atComment)(facts, actor, comment);

export const onComments: Record<string, OnComment> = {
  reply: (scene, comment) => ({
    ...atComment(scene.world.facts, scene.actor, comment),
    ...writing(scene, comment.media, comment),
  }),
  likeComment: (scene, comment) => ({
    ...atComment(scene.world.facts, scene.actor, comment),
    ...reacting(scene, [`/api/comments/${comment.url}/likes`], comment.reactions, like),
  }),
  reactToComment: (scene, comment) => ({
    ...atComment(scene.world.facts, scene.actor, comment),
    ...reacting(
      scene,
      [`/api/comments/${comment.url}/reaction`, { emoji: emojiOf(scene.more) }],
      comment.reactions,
      emojiOf(scene.more),
    ),
  }),
  unreactToComment: (scene, comment) => ({
    ...(comment.reactions.has(scene.actor)
      ? // A deleted comment may stay for its replies, and so do reactions to it.
        { ...ofTheirs(scene.world.facts, scene.actor, comment), refused: comment.media.deleted }
      : atComment(scene.world.facts, scene.actor, comment)),
    ...unreacting(scene, `/api/comments/${comment.url}/reaction`, comment.reactions),
  }),
  edit: (scene, comment) => {
    const isMine = scene.actor === comment.author;
    const names = namesOf(scene.more);
    return {
      ...owning(scene, comment),
      request: ['PUT', `/api/comments/${comment.url}`, { text: textOf(scene.world, names) }],
      status: isMine ? 200 : 403,
      done: () => void (isMine && (comment.names = names)),
    };
  },
  deleteComment: (scene, comment) => {
    const { world, actor } = scene;
    const may = actor === comment.author || actor === comment.media.owner;
    return {
      ...(may ? ofTheirs : atComment)(world.facts, actor, comment),
      again: may && world.facts.tryToDelete(actor, comment),
      request: ['DELETE', `/api/comments/${comment.url}`],
      status: may ? 204 : 403,
      done: () => void (may && (comment.deleted = true)),
    };
  },
};

/** If either of two users may have ended it, nobody can know whether it is new. */
const beginning = (isThere: boolean, isCertain = true) => (!isCertain ? [200, 201] : isThere ? 200 : 201);

export const onUsers: Record<string, OnUser> = {
  follow: ({ world: { people, facts }, actor }, other) => {
    const { refusals, ...rest } = atUser(facts, actor, other);
    const isBlocking = facts.blocks.has(actor, other);
    return {
      refused: isBlocking,
      ...rest,
      refusals: () => [...refusals(), ...(isBlocking ? [409] : [])],
      request: ['POST', `/api/follows/${people[other]!.username}`],
      status: beginning(facts.follows.has(actor, other), !facts.tried.partings.has(actor, other)),
      done: () => facts.follows.set(actor, other, true),
    };
  },
  unfollow: ({ world: { people, facts }, actor }, other) => ({
    ...atUser(facts, actor, other),
    request: ['DELETE', `/api/follows/${people[other]!.username}`],
    status: 204,
    done: () => facts.follows.set(actor, other, false),
  }),
  removeFollower: ({ world: { people, facts }, actor }, other) => {
    facts.tried.partings.set(other, actor, true);
    return {
      ...atUser(facts, actor, other),
      request: ['DELETE', `/api/follows/followers/${people[other]!.username}`],
      status: 204,
      done: () => facts.follows.set(other, actor, false),
    };
  },
  block: ({ world: { people, facts }, actor }, other) => {
    facts.tried.blocks.set(actor, other, true);
    facts.tried.partings.set(actor, other, true);
    facts.tried.partings.set(other, actor, true);
    return {
      ...atUser(facts, actor, other),
      request: ['POST', `/api/blocks/${people[other]!.username}`],
      status: beginning(facts.blocks.has(actor, other)),
      done: () => facts.blocks.set(actor, other, true),
    };
  },
  unblock: ({ world: { people, facts }, actor }, other) => ({
    ...atUser(facts, actor, other),
    request: ['DELETE', `/api/blocks/${people[other]!.username}`],
    status: 204,
    done: () => facts.blocks.set(actor, other, false),
  }),
  mute: ({ world: { people, facts }, actor }, other) => {
    facts.tried.mutes.set(actor, other, true);
    return {
      ...atUser(facts, actor, other),
      request: ['POST', `/api/mutes/${people[other]!.username}`],
      status: beginning(facts.mutes.has(actor, other)),
      done: () => facts.mutes.set(actor, other, true),
    };
  },
  unmute: ({ world: { people, facts }, actor }, other) => ({
    ...atUser(facts, actor, other),
    request: ['DELETE', `/api/mutes/${people[other]!.username}`],
    status: 204,
    done: () => facts.mutes.set(actor, other, false),
  }),
};
