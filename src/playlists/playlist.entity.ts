import { defineEntity, p } from '@mikro-orm/core';
import { Media, visibilities } from '../media/media.entity.js';
import { User } from '../users/user.entity.js';

export const playlistTypes = ['any', 'video', 'music', 'photo'] as const;

const PlaylistSchema = defineEntity({
  name: 'Playlist',
  tableName: 'playlists',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    url: p.string().length(16).unique(),
    owner: () => p.manyToOne(User).deleteRule('cascade'),
    title: p.string().length(128),
    description: p.string().length(1024).default(''),
    type: p.enum(playlistTypes).default('any'),
    visibility: p.enum(visibilities).default('public'),
    /** False while the owner's account is disabled or private. */
    ownerIsOpen: p.boolean().default(true),
    /** Who finds it in lists, as of a media. */
    reach: p.smallint().generated('(least(reach_of(visibility), case when owner_is_open then 2 else 1 end)) stored'),
    itemsCount: p.integer().default(0),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});
export class Playlist extends PlaylistSchema.class {}
PlaylistSchema.setClass(Playlist);

const PlaylistItemSchema = defineEntity({
  name: 'PlaylistItem',
  tableName: 'playlist_items',
  properties: {
    playlist: () => p.manyToOne(Playlist).primary().deleteRule('cascade'),
    media: () => p.manyToOne(Media).primary().deleteRule('cascade'),
    /** Sort key between those of the neighbours; compared byte by byte. */
    rank: p.text(),
    note: p.string().length(512).default(''),
    id: p.uuid().defaultRaw('uuidv7()'),
    /** The media's owner, set by a trigger. */
    ownerId: p.uuid(),
    /** False while that owner's account is disabled. */
    isCounted: p.boolean().default(true),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class PlaylistItem extends PlaylistItemSchema.class {}
PlaylistItemSchema.setClass(PlaylistItem);

export { PlaylistItemSchema, PlaylistSchema };
