/** Those of sockets, for problem-codes.ts. */
export const socketProblems = {
  token_expired: {
    status: 401,
    title: 'The access token has expired',
    detail: 'Refresh it and connect again, or send the new one with `auth.renew` before it expires.',
  },
  command_unknown: {
    status: 404,
    title: 'There is no such command',
    detail: 'Check its spelling: `/docs/events` lists them all.',
  },
  too_many_sockets: {
    status: 429,
    title: 'There are too many open sockets',
    detail: 'Close those that are not needed: 20 per user and 200 per address can be open.',
  },
} as const;
