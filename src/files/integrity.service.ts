import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { originalKey } from '../platform/storage/keys.js';
import { Storage } from '../platform/storage/storage.js';
import { sql } from '../platform/database/sql.js';

export interface Finding {
  /** `missing`: a row without its bytes. `damaged`: bytes of the wrong size. `untracked`: bytes without a row. */
  kind: 'missing' | 'damaged' | 'untracked';
  key: string;
  fileId?: string;
  expectedBytes?: number;
  bytes?: number;
}
interface Expected {
  key: string;
  fileId: string;
  bytes: number;
}

const batch = 1_000;
/** Younger bytes may belong to a row that is not committed yet. */
const graceMs = 6 * 3_600_000;
const fileIdOf = (key: string): string | undefined => /^files\/..\/([0-9a-f-]{36})\//.exec(key)?.[1];

/** Compares rows with stored bytes. Only reports; `prune` deletes. */
@Injectable()
export class IntegrityService {
  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
  ) {}

  async *scan(): AsyncGenerator<Finding> {
    yield* this.rowsWithoutBytes();
    yield* this.bytesWithoutRows();
  }

  /**
   * Deletes one untracked object that a scan reported, after checking it again.
   * @returns whether it was still untracked
   */
  async prune(key: string): Promise<boolean> {
    const stored = await this.storage.stat(key);
    if (!stored || !(await this.isUntracked([{ key, modifiedAt: stored.modifiedAt }])).has(key)) return false;
    await this.storage.delete(key);
    return true;
  }

  private async *rowsWithoutBytes(): AsyncGenerator<Finding> {
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const rows = await sql<{ id: string; expected: (Omit<Expected, 'fileId' | 'bytes'> & { bytes: number })[] }>`
        select f.id, (select json_agg(e) from (
          select f.source_key as key, f.bytes union all select r.key, r.bytes from renditions r
            where r.file_id = f.id) e) as expected
        from files f where f.id > ${after} order by f.id limit ${batch}`.all(this.em);
      for (const { id, expected } of rows) yield* this.check(expected.map((e) => ({ ...e, fileId: id })));
      const last = rows.at(-1);
      if (!last) return;
      after = last.id;
    }
  }

  private async *check(expected: Expected[]): AsyncGenerator<Finding> {
    for (const { key, fileId, bytes } of expected) {
      const stored = await this.storage.stat(key);
      if (!stored) yield { kind: 'missing', key, fileId, expectedBytes: bytes };
      else if (stored.bytes !== bytes)
        yield { kind: 'damaged', key, fileId, expectedBytes: bytes, bytes: stored.bytes };
    }
  }

  private async *bytesWithoutRows(): AsyncGenerator<Finding> {
    let listed: { key: string; bytes: number; modifiedAt: Date }[] = [];
    const findings = async () => {
      const untracked = await this.isUntracked(listed);
      return listed
        .filter(({ key }) => untracked.has(key))
        .map(({ key, bytes }): Finding => ({ kind: 'untracked', key, bytes }));
    };
    for await (const object of this.storage.list('files/')) {
      listed.push(object);
      if (listed.length < batch) continue;
      yield* await findings();
      listed = [];
    }
    yield* await findings();
  }

  /** Those of the given objects that no row refers to, and that are too old for one still to come. */
  private async isUntracked(objects: { key: string; modifiedAt: Date }[]): Promise<Set<string>> {
    const old = objects.filter(({ modifiedAt }) => modifiedAt.getTime() < Date.now() - graceMs);
    const ids = [...new Set(old.flatMap(({ key }) => fileIdOf(key) ?? []))];
    if (!ids.length) return new Set(old.map(({ key }) => key));
    const rows = await sql<{ key: string }>`
      select source_key as key from files where id = any(${ids}::uuid[])
      union all select key from renditions where file_id = any(${ids}::uuid[])
      union all select 'upload/' || id from uploads where id = any(${ids}::uuid[]) and state = 'open'
      union all select 'work/' || id from files where id = any(${ids}::uuid[])
        and (status = 'processing' or redo)`.all(this.em);
    const tracked = new Set(rows.map(({ key }) => key));
    const isTracked = (key: string) => {
      const id = fileIdOf(key);
      // A worker may be about to commit what it wrote.
      if (tracked.has(`work/${id}`)) return true;
      // The bytes of an upload that is not settled yet are left to the sweeper.
      return tracked.has(key) || (id !== undefined && key === originalKey(id) && tracked.has(`upload/${id}`));
    };
    return new Set(old.map(({ key }) => key).filter((key) => !isTracked(key)));
  }
}
