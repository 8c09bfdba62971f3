import { defineEntity, p } from '@mikro-orm/core';
import { File } from '../files/file.entity.js';
import { User } from '../users/user.entity.js';

export const mediaTypes = ['photo', 'video', 'reel', 'music'] as const;
export type MediaType = (typeof mediaTypes)[number];
export const visibilities = ['public', 'unlisted', 'followers', 'private'] as const;
export type Visibility = (typeof visibilities)[number];
export const mediaStatuses = ['processing', 'ready', 'failed'] as const;

const MediaSchema = defineEntity({
  name: 'Media',
  tableName: 'medias',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    url: p.string().length(16).unique(),
    owner: () => p.manyToOne(User).deleteRule('cascade'),
    type: p.enum(mediaTypes),
    title: p.string().length(128).default(''),
    description: p.string().length(2000).default(''),
    visibility: p.enum(visibilities).default('public'),
    /** `ready` when every file is. */
    status: p.enum(mediaStatuses).default('processing'),
    /** Others may see it: enough of every file is processed. */
    shown: p.boolean().default(false),
    /** False while the owner's account is disabled. */
    ownerIsCounted: p.boolean().default(true),
    /** False while it is disabled or private. */
    ownerIsOpen: p.boolean().default(true),
    /** Who finds it in lists: 2 everybody, 1 the owner's followers, 0 nobody else than the owner (migration 0023). */
    reach: p
      .smallint()
      .generated(
        '(least(reach_of(visibility), case when not shown then 0 when owner_is_open then 2 else 1 end)) stored',
      ),
    viewsCount: p.integer().default(0),
    /** Those already added to the owner's counter. */
    viewsCarried: p.integer().default(0),
    likesCount: p.integer().default(0),
    likesCarried: p.integer().default(0),
    dislikesCount: p.integer().default(0),
    /** Of any emoji, likes and dislikes included. */
    reactionsCount: p.integer().default(0),
    commentsCount: p.integer().default(0),
    repostsCount: p.integer().default(0),
    savesCount: p.integer().default(0),
    publishedAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});
export class Media extends MediaSchema.class {}
MediaSchema.setClass(Media);

/** A file belongs to at most one media. */
const MediaFileSchema = defineEntity({
  name: 'MediaFile',
  tableName: 'media_files',
  properties: {
    media: () => p.manyToOne(Media).primary().deleteRule('cascade'),
    position: p.smallint().primary(),
    file: () => p.manyToOne(File).unique(),
  },
});
export class MediaFile extends MediaFileSchema.class {}
MediaFileSchema.setClass(MediaFile);
export { MediaFileSchema, MediaSchema };
