import { defineEntity, p } from '@mikro-orm/core';
import type { Segment } from '../processing/video/hls.js';
import { sql } from '../platform/database/sql.js';
import { File } from './file.entity.js';

export const renditionRoles = [
  'image',
  'animation',
  'rung',
  'poster',
  'audio',
  'download',
  'waveform',
  'cover',
  'picture',
  'square',
  'subtitles',
  'storyboard',
] as const;
export type RenditionRole = (typeof renditionRoles)[number];

/** Rows `r` of `renditions` that count towards the owner's quota: what the owner brought, not what we made. */
export const isCharged = sql`(r.role = 'subtitles' and r.facts->>'embedded' is distinct from 'true')`;

/** One stored file that belongs to an uploaded one: an image size, a rung of the ladder, a poster. */
const RenditionSchema = defineEntity({
  name: 'Rendition',
  tableName: 'renditions',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    file: () => p.manyToOne(File).deleteRule('cascade'),
    role: p.enum(renditionRoles),
    /** `thumb`, `720p` */
    name: p.string().length(64),
    mimeType: p.string().length(100),
    width: p.integer().nullable(),
    height: p.integer().nullable(),
    durationMs: p.integer().nullable(),
    /** bits per second */
    bitrate: p.integer().nullable(),
    bytes: p.bigint('number'),
    key: p.string().length(255),
    /** For the master playlist: codecs, frame rate, bit rates. */
    facts: p.json<Record<string, unknown>>().defaultRaw(`'{}'`),
    /** Byte ranges for its own playlist: thousands for a long video. */
    segments: p.json<Segment[]>().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
  uniques: [{ properties: ['file', 'role', 'name', 'mimeType'] }],
});
export class Rendition extends RenditionSchema.class {}
RenditionSchema.setClass(Rendition);
export { RenditionSchema };
