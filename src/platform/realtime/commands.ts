import type { Scope } from '../http/viewer.js';
import type { RateLimitName } from '../limits/rate-limits.js';

interface Command {
  /** What a key needs for it. */
  scope: Scope;
  /** Shared with the route that does the same. */
  limit?: RateLimitName;
}

/** What clients may ask through a socket, on one page; bodies and answers stand at the handlers (on-command.ts). */
export const commands = {
  'auth.renew': { scope: 'read' },
  'message.send': { scope: 'write', limit: 'message' },
  'message.edit': { scope: 'write', limit: 'message-change' },
  'message.delete': { scope: 'write', limit: 'message-change' },
  'message.react': { scope: 'write', limit: 'react' },
  'message.unreact': { scope: 'write', limit: 'react' },
  'chat.delivered': { scope: 'write', limit: 'message-change' },
  'chat.read': { scope: 'write', limit: 'message-change' },
  /** Told to the other one, who shows it for some seconds. */
  'chat.typing': { scope: 'write' },
  /** Its counters, from now on. */
  'media.watch': { scope: 'read', limit: 'watch' },
  'media.unwatch': { scope: 'read' },
  /** Whether they are there, from now on. */
  'presence.watch': { scope: 'read', limit: 'watch' },
  'presence.unwatch': { scope: 'read' },
  /** Whether this socket is in the foreground: if none is, devices are pushed to. */
  'presence.active': { scope: 'read' },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commands;
