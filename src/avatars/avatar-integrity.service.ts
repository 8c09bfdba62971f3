import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { Finding } from '../files/integrity.service.js';
import { sql } from '../platform/database/sql.js';
import { avatarKey } from '../platform/storage/keys.js';
import { Storage, type Listed } from '../platform/storage/storage.js';
import { AvatarsService, type Stored } from './avatars.service.js';

const batch = 1_000;
/** Younger bytes may belong to a row that is not committed yet. */
const graceMs = 3_600_000;
const versionIn = /^avatars\/..\/([0-9a-z]+)\/([0-9a-f-]{36})\//;

/** Compares avatars with their bytes, as `IntegrityService` does with files. */
@Injectable()
export class AvatarIntegrity {
  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly avatars: AvatarsService,
  ) {}

  async *scan(): AsyncGenerator<Finding> {
    yield* this.rowsWithoutBytes();
    let listed: Listed[] = [];
    for await (const object of this.storage.list('avatars/')) {
      listed.push(object);
      if (listed.length < batch) continue;
      yield* await this.untracked(listed);
      listed = [];
    }
    yield* await this.untracked(listed);
  }

  /** @returns whether the object was still untracked, and is deleted now */
  async prune(key: string): Promise<boolean> {
    const stored = await this.storage.stat(key);
    if (!stored || !(await this.untracked([{ key, ...stored }])).length) return false;
    await this.storage.delete(key);
    return true;
  }

  private async *rowsWithoutBytes(): AsyncGenerator<Finding> {
    for (let after = ''; ;) {
      const rows = await sql<Stored>`
        select hash, version, squares from avatars where hash > ${after} order by hash limit ${batch}`.all(this.em);
      for (const row of rows) yield* this.check(row);
      const last = rows.at(-1);
      if (!last) return;
      after = last.hash;
    }
  }

  private async *check({ hash, version, squares }: Stored): AsyncGenerator<Finding> {
    for (const { size, format, bytes: expectedBytes } of squares) {
      const key = avatarKey(hash, version, `${size}.${format}`);
      const stored = await this.storage.stat(key);
      if (!stored && !(await this.avatars.isShown(hash, version))) return; // Replaced meanwhile.
      if (!stored) yield { kind: 'missing', key, expectedBytes };
      else if (stored.bytes !== expectedBytes) yield { kind: 'damaged', key, expectedBytes, bytes: stored.bytes };
    }
  }

  private async untracked(listed: Listed[]): Promise<Finding[]> {
    const old = listed.filter(({ modifiedAt }) => modifiedAt.getTime() < Date.now() - graceMs);
    const versions = old.flatMap(({ key }) => versionIn.exec(key)?.[2] ?? []);
    const rows = await sql<{ version: string }>`
      select version from avatars where hash = any(${old.flatMap(({ key }) => versionIn.exec(key)?.[1] ?? [])})
        and version = any(${versions}::uuid[])`.all(this.em);
    const tracked = new Set(rows.map(({ version }) => version));
    return old
      .filter(({ key }) => !tracked.has(versionIn.exec(key)?.[2] ?? ''))
      .map(({ key, bytes }) => ({ kind: 'untracked', key, bytes }));
  }
}
