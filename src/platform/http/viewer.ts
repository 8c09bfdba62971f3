export const roles = ['user', 'moderator', 'admin'] as const;

/** What an API key can be allowed to do. A session has all of them. */
export const scopes = ['read', 'write', 'account'] as const;
export type Scope = (typeof scopes)[number];

/** Who is asking: set by the guards from a token or a key, never from a body. */
export interface Viewer {
  id: string;
  username: string;
  emailVerified: boolean;
  role: (typeof roles)[number];
  scopes: readonly Scope[];
  /** The session behind the access token; absent for an API key. */
  sessionId?: string;
  /** The API key that was sent; absent for an access token. */
  key?: { id: string; expiresAt: Date | null };
}
