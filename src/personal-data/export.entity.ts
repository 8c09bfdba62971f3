import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../users/user.entity.js';

/** A request for an archive. The archive itself is generated while it is downloaded, and never stored. */
const ExportSchema = defineEntity({
  name: 'Export',
  tableName: 'exports',
  properties: {
    id: p.uuid().primary().defaultRaw('uuidv7()'),
    user: () => p.manyToOne(User).deleteRule('cascade'),
    /** SHA-256 of the link's secret; null until it is mailed. */
    tokenHash: p.string().length(64).nullable().unique(),
    sentAt: p.datetime().nullable(),
    /** Who downloads the archive, and until when without another sign of life. */
    reader: p.uuid().nullable(),
    readerUntil: p.datetime().nullable(),
    expiresAt: p.datetime(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});
export class Export extends ExportSchema.class {}
ExportSchema.setClass(Export);
export { ExportSchema };
