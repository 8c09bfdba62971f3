import type { EntityManager } from '@mikro-orm/postgresql';
import type { FileKind } from '../files/file.entity.js';
import { sql } from '../platform/database/sql.js';

export interface UploadRecord {
  id: string;
  ownerId: string;
  kind: FileKind;
  state: 'open' | 'settled';
  filename: string;
  bytes: number;
  fileUrl: string | null;
  createdAt: Date;
}

/** Ids come from URLs and may contain anything. */
export const isUuid = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);

/** The rows of resumable uploads. */
export class UploadRecords {
  constructor(private readonly em: EntityManager) {}

  async find(id: string): Promise<UploadRecord | undefined> {
    if (!isUuid(id)) return undefined;
    const [row] = await sql<Omit<UploadRecord, 'bytes' | 'createdAt'> & { bytes: string; createdAt: string }>`
      select id, owner_id as "ownerId", kind, state, filename, bytes, file_url as "fileUrl", created_at as "createdAt"
      from uploads where id = ${id} and resumable`.all(this.em);
    return row && { ...row, bytes: Number(row.bytes), createdAt: new Date(row.createdAt) };
  }

  /** Refunds the quota, unless the upload became a file. */
  async remove(id: string): Promise<void> {
    await sql`delete from uploads where id = ${id} and state = 'open'`.all(this.em);
  }
}
