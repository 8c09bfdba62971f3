import { z } from 'zod';
import { ExpiresAt, Slug } from '../files/files.schemas.js';
import { visibilities } from '../media/media.entity.js';
import { MediaAnswer } from '../media/media.schemas.js';
import { page, PageQuery } from '../platform/http/page.js';
import { line, text } from '../platform/http/text-fields.js';
import { Owner, Username } from '../users/users.schemas.js';
import { playlistTypes } from './playlist.entity.js';

export const PlaylistParam = z.strictObject({ url: Slug });
/** Addresses a media in a playlist. */
export const ItemParam = z.strictObject({ url: Slug, playlistUrl: Slug });

const Title = line(128, 1).meta({ example: 'For the road' });
const Description = text(1024);
const Type = z.enum(playlistTypes).meta({ description: 'The types of media it takes. Reels are videos' });
const Visibility = z.enum(visibilities).meta({ description: 'As for medias' });

export const CreateBody = z
  .strictObject({
    title: Title,
    description: Description.default(''),
    type: Type.default('any'),
    visibility: Visibility.default('public'),
  })
  .meta({ id: 'CreatePlaylist' });
export type CreateBody = z.infer<typeof CreateBody>;

export const EditBody = z
  .strictObject({ title: Title, description: Description, type: Type, visibility: Visibility })
  .partial()
  .meta({ id: 'EditPlaylist' });
export type EditBody = z.infer<typeof EditBody>;

const Note = text(512).meta({ description: 'A note of the playlist’s owner' });
const Position = z
  .int()
  .min(1)
  .max(1_000_000)
  .meta({ description: '1 is the first; without it, or beyond the end: last' });
export const AddBody = z
  .strictObject({ note: Note.default(''), position: Position.optional() })
  .prefault({})
  .meta({ id: 'AddToPlaylist' });
export type AddBody = z.infer<typeof AddBody>;

export const ChangeBody = z.strictObject({ note: Note, position: Position }).partial().meta({ id: 'ChangeInPlaylist' });
export type ChangeBody = z.infer<typeof ChangeBody>;

export const OrderBody = z
  .strictObject({ media: Slug, before: Slug.optional(), after: Slug.optional() })
  .refine(({ before, after }) => (before === undefined) !== (after === undefined), 'either `before` or `after`')
  .refine(({ media, before, after }) => media !== (before ?? after), 'a media other than itself')
  .meta({ id: 'OrderPlaylist' });
export type OrderBody = z.infer<typeof OrderBody>;

const sorts = ['newest', 'oldest'] as const;
export type Sort = (typeof sorts)[number] | 'relevance';
export const ListQuery = PageQuery.extend({
  type: Type.default('any').meta({ description: '`any`: all' }),
  username: Username.optional().meta({
    description: 'Only playlists of this user; `me` for your own, hidden ones included',
  }),
  sort: z.enum(sorts).default('newest'),
});
export type ListQuery = z.infer<typeof ListQuery>;
export const SearchQuery = PageQuery.extend({ sort: z.enum([...sorts, 'relevance']).default('relevance') });
export type SearchQuery = z.infer<typeof SearchQuery>;

export const PlaylistAnswer = z
  .object({
    url: Slug,
    title: z.string(),
    description: z.string(),
    type: z.enum(playlistTypes),
    visibility: z.enum(visibilities),
    owner: Owner,
    counts: z.object({ items: z.int().meta({ description: 'Including those that not everybody can see' }) }),
    cover: z
      .string()
      .nullable()
      .meta({ description: 'A thumbnail of the first media that you can see and that has one' }),
    expiresAt: ExpiresAt,
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Playlist' });
export type PlaylistAnswer = z.infer<typeof PlaylistAnswer>;
export const PlaylistPage = page(PlaylistAnswer).meta({ id: 'PlaylistPage' });

export const PlaylistItemAnswer = MediaAnswer.extend({ note: z.string() }).meta({ id: 'PlaylistItem' });
export const PlaylistItemPage = page(PlaylistItemAnswer).meta({ id: 'PlaylistItemPage' });
