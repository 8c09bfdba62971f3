import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

export const fileKinds = ['photo', 'video', 'music', 'file'] as const;
export type FileKind = (typeof fileKinds)[number];
export const fileStatuses = ['processing', 'ready', 'failed'] as const;
export type FileStatus = (typeof fileStatuses)[number];

/** A copy of a photo that the owner chose for a video or music; its sizes are renditions of the role `picture`. */
export interface Picture {
  id: string;
  placeholder: string | null;
  color: string | null;
}

/** What a user uploaded. The row is the truth about its processing: the queue can be emptied and is filled from here. */
const FileSchema = defineEntity({
  name: 'File',
  tableName: 'files',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    url: p.string().length(16).unique(),
    owner: () => p.manyToOne(User).deleteRule('cascade'),
    kind: p.enum(fileKinds),
    status: p.enum(fileStatuses).default('processing'),
    /** 0..1 */
    progress: p.float().default(0),
    /** How long it may still take, by what it took so far. */
    remainingMs: p.integer().nullable(),
    /** There is enough to show it, though it may still be `processing`: the first rung of a video. */
    playable: p.boolean().default(false),
    failureCode: p.string().length(32).nullable(),
    bytes: p.bigint('number'),
    /** hex */
    sha256: p.string().length(64),
    /** As the client named it, cleaned for show; never part of a path. */
    filename: p.string().length(255),
    sourceKey: p.string().length(255),
    mimeType: p.string().length(100),
    width: p.integer().nullable(),
    height: p.integer().nullable(),
    durationMs: p.integer().nullable(),
    /** ThumbHash, base64. */
    placeholder: p.string().length(64).nullable(),
    /** Dominant colour, #rrggbb. */
    color: p.string().length(7).nullable(),
    /** Shown instead of the poster or cover that came with it. */
    picture: p.json<Picture>().nullable(),
    /** Names the wish that the download carry the picture; null once it does. */
    embedId: p.uuid().nullable(),
    /** What else processing found out: tags of a song, codec of a video. */
    facts: p.json<Record<string, unknown>>().defaultRaw(`'{}'`),
    /** Ready, and to be made anew: what there is stays until the new is complete. */
    redo: p.boolean().default(false),
    /** Version of the pipeline (derive.ts) that made the renditions. */
    pipeline: p.smallint().default(0),
    /** Counts the jobs made for this file; part of the job's id, so that a new one is never taken for an old one. */
    runs: p.integer().default(0),
    /** Starts of the present job series. One that kills its worker each time is given up. */
    attempts: p.integer().default(0),
    /** When a worker last said that it works on it. */
    heartbeatAt: p.datetime().nullable(),
    processedAt: p.datetime().nullable(),
    /** Null while something shows it; what is unused for a day is removed. */
    unusedSince: p.datetime().nullable().defaultRaw('now()'),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
  uniques: [{ properties: ['owner', 'kind', 'sha256'] }],
});
export class File extends FileSchema.class {}
FileSchema.setClass(File);
export { FileSchema };
