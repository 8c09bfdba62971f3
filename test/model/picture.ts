import type { CommentFact, Facts, MediaFact } from './facts.js';
import { like } from './operations.js';
import type { World } from './world.js';

const byEmoji = (reactions: Iterable<[user: number, emoji: string]>) => {
  const all = [...reactions];
  const of = (emoji: string) => all.filter(([, one]) => one === emoji).length;
  return { likes: of('👍'), dislikes: of('👎'), reactions: all.length };
};
export const sorted = <T>(list: Iterable<T>): T[] => [...list].toSorted();

/** The mentions are known, unless there was a block in between. */
export const namesAreKnown = ({ tried }: Facts, { author, names }: CommentFact) =>
  names === null || !tried.blocks.either(author, names);

/** Mentioned users who are not hidden from the reader. */
function namesMet(facts: Facts, viewer: number, comment: CommentFact): number[] | 'perhaps' {
  const { deleted, names } = comment;
  if (deleted || names === null) return [];
  if (!namesAreKnown(facts, comment)) return 'perhaps';
  return facts.meet(viewer, names) ? [names] : [];
}

/** Everything a user sees of this world, derived from the facts. */
export const picture = ({ people, facts }: World, viewer: number) => ({
  medias: facts.medias.map((media) => (facts.sees(viewer, media) ? mediaOf(facts, viewer, media) : null)),
  profiles: people.map((_, user) => (facts.blocks.has(user, viewer) ? null : profileOf(facts, viewer, user))),
  own: {
    saved: urls(facts.medias.filter((media) => media.saves.has(viewer) && facts.sees(viewer, media))),
    reacted: urls(facts.medias.filter((media) => media.reactions.has(viewer) && facts.sees(viewer, media))),
    liked: urls(facts.medias.filter((media) => media.reactions.get(viewer) === like && facts.sees(viewer, media))),
    blocks: sorted(facts.blocks.from(viewer)),
    mutes: sorted(facts.mutes.from(viewer).filter((other) => facts.meet(viewer, other))),
  },
});

const urls = (list: { url: string }[]) => sorted(list.map(({ url }) => url));

function mediaOf(facts: Facts, viewer: number, media: MediaFact) {
  const { reactions, saves, reposts } = media;
  const seen = facts.comments.filter((comment) => comment.media === media && facts.stands(comment));
  const met = [...reactions].filter(([user]) => facts.meet(viewer, user));
  const reposters = sorted([...reposts].filter((user) => facts.meet(viewer, user)));
  return {
    counts: {
      ...byEmoji(met),
      views: 0,
      comments: seen.filter(({ deleted, author }) => !deleted && facts.meet(viewer, author)).length,
      reposts: reposters.length,
      saves: saves.size,
    },
    viewer: { reaction: reactions.get(viewer) ?? null, saved: saves.has(viewer), reposted: reposts.has(viewer) },
    reactors: sorted(met.map(([user, emoji]) => `${user} ${emoji}`)),
    likers: sorted(met.filter(([, emoji]) => emoji === like).map(([user]) => `${user} ${like}`)),
    reposters,
    comments: thread(
      facts,
      viewer,
      seen.filter(({ parent }) => parent === null),
    ),
  };
}

const thread = (facts: Facts, viewer: number, list: CommentFact[]): object[] =>
  list
    .filter((comment) => facts.seesComment(viewer, comment))
    .filter(({ author, deleted }) => deleted || !facts.mutes.has(viewer, author))
    .toSorted((a, b) => (a.url < b.url ? -1 : 1))
    .map((comment) => commentOf(facts, viewer, comment));

function commentOf(facts: Facts, viewer: number, comment: CommentFact) {
  const { url, media, author, parent, deleted, reactions } = comment;
  const replies = facts.replies(comment);
  const met = [...reactions].filter(([user]) => facts.meet(viewer, user));
  return {
    url,
    author: deleted ? null : author,
    replyTo: parent?.url ?? null,
    names: namesMet(facts, viewer, comment),
    counts: {
      ...byEmoji(met),
      replies: replies.filter(({ deleted, author }) => deleted || facts.meet(viewer, author)).length,
    },
    viewer: {
      reaction: reactions.get(viewer) ?? null,
      isMine: !deleted && author === viewer,
      canDelete: !deleted && (viewer === author || viewer === media.owner),
    },
    reactors: deleted ? null : sorted(met.map(([user, emoji]) => `${user} ${emoji}`)),
    replies: thread(facts, viewer, replies),
  };
}

function profileOf(facts: Facts, viewer: number, user: number) {
  const { follows, blocks, mutes } = facts;
  const own = facts.medias.filter(({ owner, deleted }) => owner === user && !deleted);
  const seen = own.filter((media) => facts.sees(viewer, media));
  const met = (list: number[]) => sorted(list.filter((other) => facts.meet(viewer, other)));
  return {
    counts: {
      followers: met(follows.to(user)).length,
      followings: met(follows.from(user)).length,
      photos: seen.filter(({ type }) => type === 'photo').length,
      videos: seen.filter(({ type }) => type === 'video').length,
      musics: 0,
      views: 0,
      likesReceived: own.reduce((sum, { reactions }) => sum + byEmoji(reactions).likes, 0),
    },
    viewer: {
      following: follows.has(viewer, user),
      followsMe: follows.has(user, viewer),
      requested: false,
      blocking: blocks.has(viewer, user),
      muting: mutes.has(viewer, user),
    },
    followers: met(follows.to(user)),
    followings: met(follows.from(user)),
    medias: urls(seen),
    reposts: urls(
      facts.medias.filter(
        (media) =>
          media.reposts.has(user) &&
          facts.meet(viewer, user) &&
          facts.sees(viewer, media) &&
          (user === viewer || !mutes.has(viewer, media.owner)),
      ),
    ),
  };
}
