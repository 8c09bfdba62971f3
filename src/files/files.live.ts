import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { sql } from '../platform/database/sql.js';
import { Renders, type Told } from '../platform/realtime/renders.js';
import { failures, type FailureCode } from '../processing/run/failure.js';
import { FileChanged } from './files.schemas.js';

type Changed = z.infer<typeof FileChanged>;

/** What sockets are told of files. A trigger of the table records it. */
@Injectable()
export class FilesLive {
  constructor(private readonly em: EntityManager) {}

  @Renders('file.changed', FileChanged)
  async changed(told: Told<'file.changed'>[]): Promise<(Changed | null)[]> {
    const rows = await sql<Omit<Changed, 'failure'> & { id: string; ownerId: string; code: FailureCode | null }>`
      select id, url, owner_id as "ownerId", status, progress, failure_code as code
      from files where id = any(${told.map(({ ids }) => ids.id)}::uuid[])`.all(this.em);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return told.map(({ userId, ids }) => {
      const file = byId.get(ids.id);
      if (file?.ownerId !== userId) return null;
      const { url, status, progress, code } = file;
      return { url, status, progress, ...(code && { failure: { code, message: failures[code].sentence } }) };
    });
  }
}
