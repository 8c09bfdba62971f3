const minutes = (n: number) => n * 60;
const hours = (n: number) => minutes(60 * n);

interface RateLimit {
  /** Requests per window. */
  points: number;
  /** Length of the window. */
  seconds: number;
  /**
   * What is counted: requests of one network address, of one user (anonymous: address), or of a key that the service
   * chooses.
   */
  by: 'address' | 'user' | 'key';
}
const limit = (points: number, seconds: number, by: RateLimit['by']): RateLimit => ({ points, seconds, by });

/** Limits on what is expensive or can be guessed, on one page; `RATE_LIMIT_FACTOR` multiplies all. */
export const rateLimits = {
  'sign-up': limit(100, hours(1), 'address'),
  /** Wrong passwords for one account from one address: attackers elsewhere cannot lock its owner out. */
  'sign-in': limit(10, minutes(15), 'key'),
  /** Wrong passwords from one address, for any account: one password tried on many. */
  'sign-in-address': limit(100, minutes(15), 'key'),
  /** Wrong passwords for one account, from addresses where it was never used. */
  'sign-in-account': limit(100, hours(1), 'key'),
  /** Also right ones, of one account from one address: each check of a password takes a core for a moment. */
  'sign-ins': limit(60, minutes(10), 'key'),
  /** The same where a signed-in user confirms theirs. */
  confirmations: limit(60, minutes(10), 'key'),
  /** Wrong passwords where a signed-in user has to confirm theirs. */
  'current-password': limit(10, minutes(15), 'key'),
  /** Changes of name, address and password, and new keys: each sends a mail, and reveals whether a name is taken. */
  credentials: limit(20, hours(1), 'key'),
  /** Opening an account, or making it private: all its rows follow. */
  privacy: limit(10, hours(1), 'key'),
  verify: limit(100, hours(1), 'address'),
  resend: limit(20, hours(1), 'user'),
  'password-reset': limit(60, hours(1), 'address'),
  refresh: limit(600, minutes(15), 'address'),
  search: limit(240, minutes(1), 'user'),
  /** Also lists of what a user did: they pass over what others have hidden since. */
  feed: limit(240, minutes(1), 'user'),
  /** Of notifications. Apart from feeds: who asks for it in every tab can still read them. */
  'unread-count': limit(240, minutes(1), 'user'),
  upload: limit(3_000, hours(1), 'user'),
  subtitles: limit(120, minutes(10), 'user'),
  /** Of one failed file: most failures are permanent. */
  retry: limit(5, hours(24), 'key'),
  /** Uploads and deletions of one hash. */
  avatar: limit(60, minutes(10), 'key'),
  /** New identicons for one address; beyond, they are answered as the SVG that they are drawn from. */
  identicon: limit(1_200, minutes(1), 'key'),
  /** Choosing or removing a profile photo, cover or poster: pictures are copied or made, downloads rewritten. */
  picture: limit(60, minutes(10), 'user'),
  /** Each may mention many users, who are notified. */
  publish: limit(1_200, minutes(10), 'user'),
  follow: limit(400, hours(1), 'user'),
  block: limit(400, hours(1), 'user'),
  react: limit(1_200, minutes(10), 'user'),
  comment: limit(300, minutes(10), 'user'),
  message: limit(600, minutes(10), 'user'),
  'message-change': limit(1_200, minutes(10), 'user'),
  /** Chats begun with people who do not follow the writer. */
  strangers: limit(30, hours(24), 'key'),
  playlist: limit(1_200, minutes(10), 'user'),
  view: limit(1_200, minutes(10), 'user'),
  /** Through sockets. */
  watch: limit(600, minutes(10), 'user'),
  push: limit(60, minutes(10), 'user'),
  /** Messages pushed to one account: others are only listed. */
  'message-pushes': limit(120, hours(1), 'key'),
  /** Of one chat: who writes all night leaves the pushes of others. */
  'chat-pushes': limit(30, hours(1), 'key'),
  export: limit(5, hours(24), 'user'),
  /** Downloads of archives, which are generated while streaming. */
  archive: limit(20, hours(1), 'address'),
} as const satisfies Record<string, RateLimit>;

export type RateLimitName = keyof typeof rateLimits;
