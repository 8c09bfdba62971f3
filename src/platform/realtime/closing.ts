/** Why a socket is closed. After `draining` its client comes back by itself; after the others it does not. */
export const closingCodes = [
  'token_expired',
  'signed_out',
  'account_closed',
  'too_many_commands',
  'slow_consumer',
  'draining',
] as const;
export type ClosingCode = (typeof closingCodes)[number];
