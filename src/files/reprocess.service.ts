import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Outbox } from '../platform/events/outbox.js';
import { pipelineVersions } from './derive.js';
import type { FileKind } from './file.entity.js';
import { sql, type Statement } from '../platform/database/sql.js';

export interface Selection {
  /** One file. */
  url?: string;
  kind?: Exclude<FileKind, 'file'>;
  /** Made by an older pipeline. */
  outdated?: boolean;
  /** Without any rendition. */
  missing?: boolean;
  dryRun?: boolean;
}
export interface Chosen {
  id: string;
  url: string;
  kind: string;
}

const batch = 500;

/** Marks ready files for reprocessing; present renditions stay until the new ones are complete. */
@Injectable()
export class ReprocessService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
  ) {}

  /** Marks batch by batch. After an interruption the next run continues: marked files are not chosen again. */
  async *run({ url, kind, outdated, missing, dryRun }: Selection): AsyncGenerator<Chosen> {
    const versions = Object.entries(pipelineVersions).map(
      ([name, version]) => sql`f.kind = ${name} and f.pipeline < ${version}`,
    );
    const conditions = [
      sql`f.status = 'ready' and not f.redo and f.kind <> 'file'`,
      ...(url === undefined ? [] : [sql`f.url = ${url}`]),
      ...(kind === undefined ? [] : [sql`f.kind = ${kind}`]),
      ...(outdated ? [sql`(${sql.join(versions, ' or ')})`] : []),
      ...(missing ? [sql`not exists (select 1 from renditions r where r.file_id = f.id)`] : []),
    ];
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const chosen = await this.choose(sql.join([...conditions, sql`f.id > ${after}`], ' and '), dryRun ?? false);
      yield* chosen;
      const last = chosen.at(-1);
      if (!last) return;
      after = last.id;
    }
  }

  private choose(where: Statement, dryRun: boolean): Promise<Chosen[]> {
    return this.em.transactional(async (em) => {
      const lock = dryRun ? sql`` : sql`for update skip locked`;
      const rows = await sql<Chosen>`
        select f.id, f.url, f.kind from files f where ${where} order by f.id limit ${batch} ${lock}`.all(em);
      for (const { id } of dryRun ? [] : rows) {
        await sql`
          update files set redo = true, runs = runs + 1, attempts = 0, heartbeat_at = null, updated_at = now()
            where id = ${id}`.all(em);
        await this.outbox.record('file.redo', { fileId: id });
      }
      return rows;
    });
  }
}
