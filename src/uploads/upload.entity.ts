import { defineEntity, p } from '@mikro-orm/core';
import { fileKinds } from '../files/file.entity.js';
import { User } from '../users/user.entity.js';

export const uploadStates = ['open', 'settled'] as const;

/**
 * An upload in progress, and its quota. The row exists before the first byte, so parallel uploads can't exceed the
 * quota; a settled one stays for a day, because the daily quota counts it. Its id becomes the file's id.
 */
const UploadSchema = defineEntity({
  name: 'Upload',
  tableName: 'uploads',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    owner: () => p.manyToOne(User).deleteRule('cascade'),
    kind: p.enum(fileKinds),
    resumable: p.boolean().default(false),
    state: p.enum(uploadStates).default('open'),
    filename: p.string().length(255),
    /** Reserved while open, actual once settled. */
    bytes: p.bigint('number'),
    /** `url` of the file it became. */
    fileUrl: p.string().length(16).nullable(),
    /** Who is writing to it, and until when without another sign of life. */
    writer: p.uuid().nullable(),
    writerUntil: p.datetime().nullable(),
    expiresAt: p.datetime(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Upload extends UploadSchema.class {}
UploadSchema.setClass(Upload);
export { UploadSchema };
