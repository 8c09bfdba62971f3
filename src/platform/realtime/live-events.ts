import { z } from 'zod';

const id = z.uuid();
const message = z.strictObject({ chatId: id, seq: z.int() });
/** Up to where a member got. */
const receipt = z.strictObject({ chatId: id, memberId: id, seq: z.int() });
const url = z.string();
const count = z.int().min(0);
const reactions = { likes: count, dislikes: count, reactions: count };

/**
 * What sockets are told, on one page, by the names that clients know. The log of a user has the ids in it, never texts:
 * what is sent is rendered from the rows as they are at that moment (renders.ts). Names that begin with `~` are for the
 * sockets' processes, not for clients.
 */
export const liveEvents = {
  /** Written, grown, withdrawn, read or dismissed. */
  'notification.changed': z.strictObject({ id }),
  /** All up to one. */
  'notifications.read': z.strictObject({ upTo: z.string() }),
  'message.created': message,
  'message.edited': message,
  /** Its file became ready, or failed. */
  'message.updated': message,
  'message.reaction': message,
  'message.deleted': message.extend({ for: z.enum(['me', 'everyone']) }),
  'chat.delivered': receipt,
  'chat.read': receipt,
  /** Accepted, archived, muted or cleared: for the own devices. */
  'chat.changed': z.strictObject({ chatId: id }),
  /** Its status. */
  'file.changed': z.strictObject({ id }),
  /** A session, a key or the account has ended. */
  '~access': z.strictObject({}),
  /** One of its relations began or ended. */
  '~relations': z.strictObject({}),
} satisfies Record<string, z.ZodType>;

export type LiveEventName = keyof typeof liveEvents;
export type IdsOf<N extends LiveEventName> = z.infer<(typeof liveEvents)[N]>;
/** Those that clients are told. */
export type ShownName = Exclude<LiveEventName, `~${string}`>;

export interface Ephemeral {
  payload: z.ZodObject;
  /** A user is told at most once in this time; of what comes meanwhile, the last is told at its end. */
  everyMs?: number;
}

/**
 * What sockets are told once and never again, with its payload. It is not logged: whoever is away misses it, and loses
 * nothing but time.
 */
export const ephemeralEvents = {
  /** To who watches the media. */
  'media.counts': {
    payload: z.strictObject({
      url,
      counts: z.strictObject({ views: count, ...reactions, comments: count, reposts: count, saves: count }),
    }),
  },
  'comment.counts': {
    payload: z.strictObject({ media: url, url, counts: z.strictObject({ ...reactions, replies: count }) }),
  },
  /** Deleted, or other people may see it now. It is not watched any more; who still may see it, watches it again. */
  'media.gone': { payload: z.strictObject({ url }) },
  /** To who watches the user, and may know it. Both null: not any more. */
  'presence.changed': {
    payload: z.strictObject({
      username: z.string(),
      online: z.boolean().nullable(),
      lastSeenAt: z.iso.datetime().nullable(),
    }),
  },
  /** To the other one of a chat: shown for 6 seconds. */
  typing: {
    payload: z.strictObject({
      chat: z.strictObject({
        id,
        type: z.literal('direct'),
        with: z.strictObject({ username: z.string(), displayName: z.string(), avatarUrl: z.string() }).nullable(),
        folder: z.string(),
      }),
      username: z.string(),
    }),
  },
  /** To its owner, while it is processed. */
  'file.progress': { payload: z.strictObject({ url, status: z.literal('processing'), progress: z.number() }) },
  /** The timeline has something new: ask for it. */
  'feed.changed': { payload: z.strictObject({}), everyMs: 5_000 },
} as const satisfies Record<string, Ephemeral>;

export type EphemeralName = keyof typeof ephemeralEvents;
export type PayloadOf<N extends EphemeralName> = z.infer<(typeof ephemeralEvents)[N]['payload']>;

export const isForProcesses = (name: string): boolean => name.startsWith('~');
