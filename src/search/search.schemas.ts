import { z } from 'zod';
import { MediaAnswer } from '../media/media.schemas.js';
import { page, PageQuery } from '../platform/http/page.js';
import { toNfcLeniently } from '../platform/unicode.js';
import { PlaylistAnswer } from '../playlists/playlists.schemas.js';
import { TagAnswer } from '../tags/tags.schemas.js';
import { Profile } from '../users/users.schemas.js';

/** UTF-16 units to read; NFC may shorten them to a quarter. */
const maxRead = 400;

/** Accepts whatever people type: unsearchable characters are dropped, and long terms are cut. */
export const Term = z
  .string()
  .transform((value) => {
    const readable = toNfcLeniently(value.slice(0, maxRead).toWellFormed()).replace(
      /[\p{Cc}\p{Cn}\u202A-\u202E\u2066-\u2069]+/gu,
      ' ',
    );
    return [...readable.trim()].slice(0, 100).join('').trim();
  })
  .meta({ example: 'sunset' });

export const SearchParam = z.strictObject({ term: Term });
export const things = ['medias', 'users', 'playlists', 'tags'] as const;
export const SearchQuery = PageQuery.extend({ q: Term, type: z.enum(things).default('medias') });
export type SearchQuery = z.infer<typeof SearchQuery>;

export const SearchPage = page(z.union([MediaAnswer, Profile, PlaylistAnswer, TagAnswer])).meta({ id: 'SearchPage' });
