interface Kind {
  /** Of whom a line is told together: everybody who did it to the media or comment, everybody at all, or each alone. */
  told: 'together' | 'alone';
  /** Until the user says otherwise. */
  email: boolean;
}
const kind = (told: Kind['told'], email: boolean): Kind => ({ told, email });

/** Everything people are told of. In the app and by push all of it, until they say otherwise. */
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
