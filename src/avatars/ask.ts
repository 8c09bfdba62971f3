import type { IncomingHttpHeaders } from 'node:http';
import type { AvatarQuery } from './avatars.schemas.js';

/** A request for a picture. */
export interface Ask {
  hash: string;
  /** Another hash, for when the first has no avatar. */
  backup: string | null;
  /** px */
  size: number;
  query: AvatarQuery;
  headers: IncomingHttpHeaders;
  method: string;
  ip: string;
}
