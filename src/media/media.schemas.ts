import { z } from 'zod';
import { fileKinds } from '../files/file.entity.js';
import { ExpiresAt, Failure, Slug } from '../files/files.schemas.js';
import { page, PageQuery } from '../platform/http/page.js';
import { amounts } from '../platform/limits/amounts.js';
import { line, text } from '../platform/http/text-fields.js';
import { TagName } from '../tags/tags.schemas.js';
import { Owner, Username } from '../users/users.schemas.js';
import { mediaStatuses, mediaTypes, visibilities } from './media.entity.js';

export const MediaParam = z.strictObject({ url: Slug });

const Title = line(128).meta({ example: 'Sunset over the bay' });
const Description = text(2000);
const Visibility = z.enum(visibilities).meta({
  description:
    '`public`: everybody. `unlisted`: anybody with the address. `followers`: your followers and you. `private`: only you.',
});
const Tags = z.array(TagName).max(amounts.tags.max);

export const PublishBody = z
  .strictObject({
    type: z.enum(mediaTypes),
    files: z
      .array(Slug)
      .min(1)
      .max(amounts.files.max)
      .meta({ description: 'Your uploaded files, in order: 1 to 10 photos, or one video or music' }),
    title: Title.default(''),
    description: Description.default(''),
    visibility: Visibility.default('public'),
    tags: Tags.default([]),
  })
  .refine(({ type, files }) => type === 'photo' || files.length === 1, {
    path: ['files'],
    message: 'this type has exactly one file',
  })
  .refine(({ files }) => new Set(files).size === files.length, { path: ['files'], message: 'each file once' })
  .meta({ id: 'PublishMedia' });
export type PublishBody = z.infer<typeof PublishBody>;

export const EditBody = z
  .strictObject({
    title: Title.optional(),
    description: Description.optional(),
    visibility: Visibility.optional(),
    tags: Tags.optional(),
  })
  .meta({ id: 'EditMedia' });
export type EditBody = z.infer<typeof EditBody>;

export const sorts = ['newest', 'oldest', 'most-viewed', 'least-viewed', 'most-liked'] as const;
export type Sort = (typeof sorts)[number];
const Filter = PageQuery.extend({
  type: z.enum([...mediaTypes, 'any']).default('any'),
  username: Username.optional().meta({
    description: 'Only medias of this user; `me` for your own, hidden ones included',
  }),
  tag: TagName.optional(),
});
export const MediaSearchQuery = Filter.extend({ sort: z.enum([...sorts, 'relevance']).default('relevance') });
export type MediaSearchQuery = z.infer<typeof MediaSearchQuery>;
export const ListQuery = Filter.extend({
  sort: z
    .enum([...sorts, 'relevance'])
    .default('newest')
    .meta({ description: '`relevance` needs a `tag`: medias with that word in the title come first' }),
}).refine(({ sort, tag }) => sort !== 'relevance' || tag !== undefined, {
  path: ['sort'],
  message: '`relevance` needs a `tag`; to search for words, use GET medias/search/{term}',
});
export type ListQuery = z.infer<typeof ListQuery>;
/** Sorted by a property, not by relevance. */
export type OrderedQuery = Omit<ListQuery, 'sort'> & { sort: Sort };

const px = z.int().nullable();
const renditionViewRoles = ['size', 'animation', 'rung', 'audio', 'poster', 'cover', 'download', 'waveform'] as const;
const Rendition = z
  .object({
    role: z.enum(renditionViewRoles).meta({
      description:
        'What it is for. `size`: a photo in one size. `rung`: a video with sound. `audio`: sound only. `poster`, ' +
        '`cover`: the picture of a video or music, in one size. `animation`: an animated photo. `download`: music ' +
        'with embedded tags and cover. `waveform`: peaks, JSON',
    }),
    name: z.string().meta({ example: '720p' }),
    mimeType: z.string(),
    width: px,
    height: px,
    bitrate: z.int().nullable().meta({ description: 'bits per second' }),
    bytes: z.int(),
    href: z.string().meta({ description: 'Relative to this host. For a private media it is signed, and expires' }),
    expiresAt: ExpiresAt,
  })
  .meta({ id: 'Rendition' });

export const MediaFile = z
  .object({
    url: Slug,
    kind: z.enum(fileKinds),
    status: z.enum(mediaStatuses),
    progress: z.number(),
    width: px,
    height: px,
    durationMs: z.int().nullable(),
    placeholder: z.string().nullable().meta({ description: 'ThumbHash, base64' }),
    color: z.string().nullable(),
    renditions: z.array(Rendition),
    hls: z.string().optional().meta({ description: 'Master playlist' }),
    poster: z.string().optional(),
    storyboard: z.string().optional().meta({ description: 'Seek previews, as WebVTT' }),
    waveform: z.string().optional().meta({ description: 'Peaks, JSON' }),
    cover: z.string().optional(),
    expiresAt: ExpiresAt,
    subtitles: z.array(z.object({ language: z.string(), label: z.string(), href: z.string(), expiresAt: ExpiresAt })),
    facts: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'MediaFile' });

export const MediaAnswer = z
  .object({
    url: Slug,
    type: z.enum(mediaTypes),
    title: z.string(),
    description: z.string(),
    visibility: z.enum(visibilities),
    status: z.enum(mediaStatuses),
    failure: Failure.optional(),
    owner: Owner,
    files: z.array(MediaFile),
    tags: z.array(z.string()),
    mentions: z.array(z.string()).meta({ description: 'Users mentioned in the title or the description' }),
    counts: z
      .object({
        views: z.int(),
        likes: z.int(),
        dislikes: z.int(),
        reactions: z.int().meta({ description: 'Of any emoji, likes and dislikes included' }),
        comments: z.int(),
        reposts: z.int(),
        saves: z.int(),
      })
      .meta({ id: 'MediaCounts' }),
    viewer: z
      .object({ reaction: z.string().nullable(), saved: z.boolean(), reposted: z.boolean() })
      .optional()
      .meta({ description: 'The signed-in caller’s own reaction, save and repost' }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Media' });
export type MediaAnswer = z.infer<typeof MediaAnswer>;
export const MediaPage = page(MediaAnswer).meta({ id: 'MediaPage' });
