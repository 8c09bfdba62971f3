interface Kind {
  /** Which acts share a notification: all on the same media or comment (or all follows), or each alone. */
  told: 'together' | 'alone';
  /** Default of the user's preference. */
  email: boolean;
}
const kind = (told: Kind['told'], email: boolean): Kind => ({ told, email });

/** Everything people are notified of. In the app and by push all of it by default. */
export const kinds = {
  media_published: kind('alone', false),
  comment: kind('alone', true),
  reply: kind('alone', true),
  like: kind('together', false),
  dislike: kind('together', false),
  reaction: kind('together', false),
  comment_reaction: kind('together', false),
  follow: kind('together', true),
  follow_request: kind('alone', true),
  mention_in_media: kind('alone', true),
  mention_in_comment: kind('alone', true),
  repost: kind('together', false),
  message: kind('together', true),
  processing_failed: kind('alone', true),
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as [KindName, ...KindName[]];
