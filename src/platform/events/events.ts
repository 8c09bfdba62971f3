import { z } from 'zod';

const id = z.uuid();
const file = z.strictObject({ fileId: id });

/** Account changes that are mailed to the owner at once. */
export const accountChanges = [
  'passwordChanged',
  'passwordChangedOnly',
  'passwordReset',
  'emailRequested',
  'emailChanged',
  'usernameChanged',
  'apiKeyCreated',
] as const;

/**
 * Everything that can happen in Vitrine, on one page. Payloads are ids: a subscriber reads the current rows, not the
 * past.
 */
export const events = {
  /** `formerEmail`: the previous address, which is in no row any more. */
  'account.changed': z.strictObject({ userId: id, what: z.enum(accountChanges), formerEmail: z.string().optional() }),
  /** Disabled or enabled again; recorded by a trigger of the table. */
  'account.state.changed': z.strictObject({ userId: id }),
  /** Nobody sees the account any more; its rows are still to be erased. */
  'account.closed': z.strictObject({ userId: id }),
  /** Everything is erased but the address for the last mail. */
  'account.erased': z.strictObject({ userId: id }),
  /** No row refers to the stored object any more. */
  'bytes.orphaned': z.strictObject({ key: z.string() }),
  /** This version was deleted or replaced: its bytes can go. */
  'avatar.orphaned': z.strictObject({ hash: z.string(), version: id }),
  'code.requested': z.strictObject({ codeId: id }),
  'file.uploaded': file,
  /** Enough is processed to show it; `file.ready` follows. */
  'file.playable': file,
  'file.ready': file,
  'file.redo': file,
  'file.failed': file,
  'file.deleted': file,
  /** Its cover changed: the download must embed the new one. */
  'file.pictured': file,
  'export.requested': z.strictObject({ exportId: id }),
  'photo.wished': z.strictObject({ wishId: id }),
  'media.published': z.strictObject({ mediaId: id, ownerId: id }),
  // The events below say only that something changed; subscribers look whether it exists.
  /** Requested, accepted, withdrawn or ended. */
  'follow.changed': z.strictObject({ followerId: id, followeeId: id }),
  'block.changed': z.strictObject({ blockerId: id, blockedId: id }),
  'reaction.changed': z.strictObject({ mediaId: id, userId: id }),
  'comment.reaction.changed': z.strictObject({ commentId: id, userId: id }),
  /** Written, edited or deleted. */
  'comment.changed': z.strictObject({ commentId: id, mediaId: id }),
  /** Its text is gone, but it stays for its replies. */
  'comment.deleted': z.strictObject({ commentId: id }),
  'repost.changed': z.strictObject({ mediaId: id, userId: id }),
  /** A reader asked for a timeline that is not materialized. */
  'timeline.wanted': z.strictObject({ readerId: id }),
  /** The timelines of the actor's followers have something new. */
  'feed.changed': z.strictObject({ actorId: id, seq: z.int() }),
  /** Somebody is to be notified of what is unread in a chat, or has read it. */
  'chat.told': z.strictObject({ chatId: id, userId: id }),
  /** A browser is to be told of what is unread in a chat. */
  'push.due': z.strictObject({ chatId: id, userId: id, subscriptionId: id }),
  /** A browser is to be told of a notification. */
  'notification.push.due': z.strictObject({ notificationId: id, userId: id, subscriptionId: id }),
  /** The mentions in a media's text. */
  'mentions.changed': z.strictObject({ mediaId: id }),
} as const;

export type EventName = keyof typeof events;
export type EventOf<N extends EventName> = z.infer<(typeof events)[N]>;
