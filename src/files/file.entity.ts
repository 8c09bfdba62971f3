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

/** What a user uploaded. This row, not the queue, holds the state of processing: lost jobs are restarted from it. */
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
    /** Estimated from the time taken so far. */
    remainingMs: p.integer().nullable(),
    /** Enough of it can be shown, such as the first rung of a video, though it may still be `processing`. */
    playable: p.boolean().default(false),
    failureCode: p.string().length(32).nullable(),
    bytes: p.bigint('number'),
    /** hex */
    sha256: p.string().length(64),
    /** The client's name for it, cleaned for display; never part of a path. */
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
    /** Shown instead of the original poster or cover. */
    picture: p.json<Picture>().nullable(),
    /** Id of the pending request to embed the picture in the download; null when done. */
    embedId: p.uuid().nullable(),
    /** Other results of processing: tags of a song, codec of a video. */
    facts: p.json<Record<string, unknown>>().defaultRaw(`'{}'`),
    /** Ready, but to be processed again: the present renditions stay until the new ones are complete. */
    redo: p.boolean().default(false),
    /** Version of the pipeline (derive.ts) that made the renditions. */
    pipeline: p.smallint().default(0),
    /** Jobs added for this file so far; part of the job's id, so that a new one never looks like an old one. */
    runs: p.integer().default(0),
    /** Starts in the present series of attempts. A file that kills its worker each time is given up. */
    attempts: p.integer().default(0),
    /** When a worker last reported that it is working on it. */
    heartbeatAt: p.datetime().nullable(),
    processedAt: p.datetime().nullable(),
    /** Null while something shows it; files unused for a day are removed. */
    unusedSince: p.datetime().nullable().defaultRaw('now()'),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
  uniques: [{ properties: ['owner', 'kind', 'sha256'] }],
});
export class File extends FileSchema.class {}
FileSchema.setClass(File);
export { FileSchema };
