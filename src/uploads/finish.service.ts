import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { Problem } from '../platform/http/problems.js';
import { originalKey } from '../platform/storage/keys.js';
import { Storage } from '../platform/storage/storage.js';
import { Leases } from './leases.js';
import { hashOf } from '../platform/http/receive.js';
import { SettleService } from './settle.service.js';
import { StagingStore } from './staging-store.js';
import { UploadRecords, type UploadRecord } from './upload-records.js';

/**
 * Completes resumable uploads. Usually the last PATCH calls it; a HEAD or the sweeper does if that PATCH died half-way.
 */
@Injectable()
export class FinishService {
  readonly records: UploadRecords;
  readonly store: StagingStore;

  constructor(
    em: EntityManager,
    private readonly storage: Storage,
    private readonly settling: SettleService,
    private readonly leases: Leases,
    @Inject(CONFIG) config: Config,
  ) {
    this.records = new UploadRecords(em);
    this.store = new StagingStore(join(storage.staging, 'tus'), this.records, config.uploadExpiryMs);
  }

  onModuleInit(): Promise<string | undefined> {
    return mkdir(join(this.storage.staging, 'tus'), { recursive: true });
  }

  /**
   * `url` of the file; null while bytes are missing.
   * @throws {Problem} of the settling; the upload is gone then
   */
  async finish(id: string): Promise<string | null> {
    const record = await this.records.find(id);
    if (!record) throw new Problem('upload_not_found');
    if (record.state === 'settled') return record.fileUrl;
    if (!(await this.isWhole(record))) return null;
    return this.leases.hold(id, async () => {
      const now = await this.records.find(id);
      if (now?.state === 'settled') return now.fileUrl;
      // A chunk whose checksum was wrong may have been cut off meanwhile.
      return (await this.isWhole(record)) ? this.settle(record) : null;
    });
  }

  private async settle(record: UploadRecord): Promise<string> {
    const { id } = record;
    const path = this.store.pathOf(id);
    try {
      const placed = (await sizeOf(path)) === null;
      const { file } = placed
        ? await this.storage.withLocalFile(originalKey(id), this.storage.staging, async (stored) =>
            this.settling.settle({ ...record, path: stored, sha256: await hashOf(stored), placed }),
          )
        : await this.settling.settle({ ...record, path, sha256: await this.store.sha256(id, record.bytes) });
      return file.url;
    } catch (error) {
      // Refused for its content, so sending it again would not help. Other errors can be retried.
      if (error instanceof Problem && error.getStatus() < 500) {
        await this.settling.refund(id);
        await rm(path, { force: true });
      }
      throw error;
    }
  }

  /** All bytes are here, or were moved into place by a process that died before it could record that. */
  private async isWhole({ id, bytes }: UploadRecord): Promise<boolean> {
    const staged = await sizeOf(this.store.pathOf(id));
    return staged === null ? (await this.storage.stat(originalKey(id)))?.bytes === bytes : staged === bytes;
  }
}

const sizeOf = async (path: string): Promise<number | null> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};
