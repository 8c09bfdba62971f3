import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Outbox } from '../platform/events/outbox.js';
import { pipelineVersions } from './derive.js';
import type { FileKind } from './file.entity.js';

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

/** Has files made anew that are ready; what there is stays in place until the new is complete. */
@Injectable()
export class ReprocessService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
  ) {}

  /** Marks batch after batch. A run that was stopped is taken up by the next: what is marked is not chosen again. */
  async *run({ url, kind, outdated, missing, dryRun }: Selection): AsyncGenerator<Chosen> {
    const versions = Object.entries(pipelineVersions)
      .map(([name, version]) => `f.kind = '${name}' and f.pipeline < ${version}`)
      .join(' or ');
    const condition = [
      `f.status = 'ready' and not f.redo and f.kind <> 'file'`,
      ...(url === undefined ? [] : ['f.url = :url']),
      ...(kind === undefined ? [] : ['f.kind = :kind']),
      ...(outdated ? [`(${versions})`] : []),
      ...(missing ? ['not exists (select 1 from renditions r where r.file_id = f.id)'] : []),
    ].join(' and ');
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const chosen = await this.choose(condition, { url, kind, after }, dryRun ?? false);
      yield* chosen;
      const last = chosen.at(-1);
      if (!last) return;
      after = last.id;
    }
  }

  private choose(condition: string, values: Record<string, string | undefined>, dryRun: boolean): Promise<Chosen[]> {
    const params: unknown[] = [];
    const where = `${condition} and f.id > :after`.replace(/:(url|kind|after)/g, (_, name: string) => {
      params.push(values[name]);
      return '?';
    });
    return this.em.transactional(async (em) => {
      const lock = dryRun ? '' : 'for update skip locked';
      const rows = await em.execute<Chosen[]>(
        `select f.id, f.url, f.kind from files f where ${where} order by f.id limit ${batch} ${lock}`,
        params,
      );
      for (const { id } of dryRun ? [] : rows) {
        await em.execute(
          'update files set redo = true, runs = runs + 1, attempts = 0, heartbeat_at = null, updated_at = now() where id = ?',
          [id],
        );
        await this.outbox.record('file.redo', { fileId: id });
      }
      return rows;
    });
  }
}
