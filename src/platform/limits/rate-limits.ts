const minutes = (n: number) => n * 60;
const hours = (n: number) => minutes(60 * n);

interface RateLimit {
  /** Requests in a window. */
  points: number;
  /** Length of the window. */
  seconds: number;
  /**
   * What is counted: requests of one network address, of one user (of the address of a stranger), or of a key that the
   * service names.
   */
  by: 'address' | 'user' | 'key';
}
const limit = (points: number, seconds: number, by: RateLimit['by']): RateLimit => ({ points, seconds, by });

/** What costs something, or can be guessed at, may be asked for so often. On one page; `RATE_LIMIT_FACTOR` stretches all. */
export const rateLimits = {
  'sign-up': limit(100, hours(1), 'address'),
  /** Wrong passwords for one account from one address: who knows it is never kept out by others elsewhere. */
  'sign-in': limit(10, minutes(15), 'key'),
  /** Wrong passwords from one address, whatever the account: one password tried on many. */
  'sign-in-address': limit(100, minutes(15), 'key'),
  /** Wrong passwords for one account from addresses that it was never used from. */
  'sign-in-account': limit(100, hours(1), 'key'),
  /** Wrong passwords where a session has to show that its owner is there. */
  'current-password': limit(10, minutes(15), 'key'),
  /** Changes of name, address and password, and new keys: each is mailed, and tells whether a name is taken. */
  credentials: limit(20, hours(1), 'key'),
  verify: limit(100, hours(1), 'address'),
  resend: limit(20, hours(1), 'user'),
  'password-reset': limit(60, hours(1), 'address'),
  refresh: limit(600, minutes(15), 'address'),
  search: limit(240, minutes(1), 'user'),
  upload: limit(3_000, hours(1), 'user'),
  subtitles: limit(120, minutes(10), 'user'),
  /** Of one failed file: what fails for a reason of its own fails again. */
  retry: limit(5, hours(24), 'key'),
  /** Choices of a profile photo or a cover: each has others made of a photo that may be large. */
  picture: limit(60, minutes(10), 'user'),
  /** Each may name many, who are told of it. */
  publish: limit(1_200, minutes(10), 'user'),
  follow: limit(400, hours(1), 'user'),
  block: limit(400, hours(1), 'user'),
  react: limit(1_200, minutes(10), 'user'),
  comment: limit(300, minutes(10), 'user'),
  playlist: limit(1_200, minutes(10), 'user'),
  view: limit(1_200, minutes(10), 'user'),
  export: limit(5, hours(24), 'user'),
  /** Downloads of archives, each made while it is read. */
  archive: limit(20, hours(1), 'address'),
} as const satisfies Record<string, RateLimit>;

export type RateLimitName = keyof typeof rateLimits;
