import { z } from 'zod';

const id = z.uuid();
const file = z.strictObject({ fileId: id });

/** What of an account its owner must hear of, at once and by mail. */
export const accountChanges = [
  'passwordChanged',
  'passwordChangedOnly',
  'passwordReset',
  'emailRequested',
  'emailChanged',
  'usernameChanged',
  'apiKeyCreated',
] as const;

/** Everything that can happen in Vitrine, on one page. Payloads are ids: a subscriber reads the present, not the past. */
export const events = {
  /** `formerEmail`: the address before, which no row knows any more. */
  'account.changed': z.strictObject({ userId: id, what: z.enum(accountChanges), formerEmail: z.string().optional() }),
  /** Disabled, or enabled again; recorded by the table itself. */
  'account.state.changed': z.strictObject({ userId: id }),
  /** Nobody sees the account any more; what is left of it is to be taken away. */
  'account.closed': z.strictObject({ userId: id }),
  /** Nothing is left but where the last mail goes. */
  'account.erased': z.strictObject({ userId: id }),
  /** No row knows the stored object any more. */
  'bytes.orphaned': z.strictObject({ key: z.string() }),
  'code.requested': z.strictObject({ codeId: id }),
  'file.uploaded': file,
  /** Enough of it is there to show it; `file.ready` follows. */
  'file.playable': file,
  'file.ready': file,
  'file.redo': file,
  'file.failed': file,
  'file.deleted': file,
  /** The download has to carry another picture. */
  'file.pictured': file,
  'export.requested': z.strictObject({ exportId: id }),
  'photo.wished': z.strictObject({ wishId: id }),
  'media.published': z.strictObject({ mediaId: id, ownerId: id }),
  // Of what follows, whoever hears of it looks whether it is there or not (any more).
  /** Asked, accepted, withdrawn or ended. */
  'follow.changed': z.strictObject({ followerId: id, followeeId: id }),
  'block.changed': z.strictObject({ blockerId: id, blockedId: id }),
  'reaction.changed': z.strictObject({ mediaId: id, userId: id }),
  'comment.reaction.changed': z.strictObject({ commentId: id, userId: id }),
  /** Written, edited or deleted. */
  'comment.changed': z.strictObject({ commentId: id, mediaId: id }),
  /** It stands without its words, for its replies. */
  'comment.deleted': z.strictObject({ commentId: id }),
  'repost.changed': z.strictObject({ mediaId: id, userId: id }),
  /** A timeline was read that is not written in advance. */
  'timeline.wanted': z.strictObject({ readerId: id }),
  /** Those who follow the actor have something new in their timelines. */
  'feed.changed': z.strictObject({ actorId: id, seq: z.int() }),
  /** The people whom a media's text names. */
  'mentions.changed': z.strictObject({ mediaId: id }),
} as const;

export type EventName = keyof typeof events;
export type EventOf<N extends EventName> = z.infer<(typeof events)[N]>;
