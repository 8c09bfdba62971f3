import fc from 'fast-check';
import type { Act } from './act.js';
import type { CommentFact, MediaFact } from './facts.js';
import { onComments, onMedias, onUsers } from './operations.js';
import { size, type World } from './world.js';

/** Relative frequency of each; `read` marks all notifications as read. */
const weights = {
  ...{
    like: 6,
    unlike: 2,
    react: 5,
    unreact: 2,
    repost: 3,
    unrepost: 2,
    save: 3,
    unsave: 2,
    comment: 6,
    deleteMedia: 0.4,
  },
  ...{ reply: 10, likeComment: 3, reactToComment: 4, unreactToComment: 2, edit: 2, deleteComment: 8 },
  ...{ follow: 6, unfollow: 2, removeFollower: 1, block: 0.6, unblock: 0.6, mute: 0.4, unmute: 0.4, read: 1 },
};
export type Verb = keyof typeof weights;
const verbs = Object.keys(weights) as Verb[];
/**
 * If the answer is lost and the request repeated, these may cause a refusal: nobody could tell whether the first one
 * succeeded.
 */
const parting: Verb[] = ['block', 'unblock', 'deleteMedia', 'deleteComment', 'read'];

export interface Operation {
  verb: Verb;
  /** Chooses among what exists when its turn comes. */
  at: number;
  more: number;
}

/** One script per user: their operations in order. */
export const scripts = (most: number, only = verbs): fc.Arbitrary<Operation[][]> => {
  const verb = fc.oneof(
    ...only.map((name) => ({ weight: Math.round(weights[name] * 10), arbitrary: fc.constant(name) })),
  );
  const operation = fc.record({ verb, at: fc.nat(999), more: fc.nat(99) }, { noNullPrototype: true });
  const list = fc.array(operation, { minLength: Math.ceil(most / 4), maxLength: most, size: 'max' });
  return fc.array(list, { minLength: size, maxLength: size });
};
export const repeatable = verbs.filter((verb) => !parting.includes(verb));

/** @returns null if there is nothing yet to do it to */
export function actOf(world: World, actor: number, { verb, at, more }: Operation): Act | null {
  const scene = { world, actor, more };
  const { medias, comments } = world.facts;
  const mine = (thing: MediaFact | CommentFact) =>
    !thing.deleted && ('author' in thing ? [thing.author, thing.media.owner] : [thing.owner]).includes(actor);
  // Mostly allowed ones: refusals need few tries.
  const own = more % 6 ? { medias: medias.filter(mine), comments: comments.filter(mine) } : world.facts;
  const pick = <T>(list: T[]): T | undefined => list[at % list.length];
  const media = pick(verb === 'deleteMedia' ? own.medias : medias);
  const ofComment: Partial<Record<Verb, CommentFact[]>> = {
    edit: own.comments,
    deleteComment: own.comments,
    // Recent ones, for long conversations rather than many short ones.
    reply: comments.slice(-6),
  };
  const comment = pick(ofComment[verb] ?? comments);
  if (verb in onMedias) return media ? onMedias[verb]!(scene, media) : null;
  if (verb in onComments) return comment ? onComments[verb]!(scene, comment) : null;
  return onUsers[verb]!(scene, at % size);
}
