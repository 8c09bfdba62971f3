import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { FileKind } from '../files/file.entity.js';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { amounts } from '../platform/limits/amounts.js';
import { Problem } from '../platform/http/problems.js';
import { Storage } from '../platform/storage/storage.js';
import { inBytes } from '../platform/http/in-bytes.js';
import { QuotaService } from '../quota/quota.service.js';
import { cleanFilename } from './filename.js';
import { receive } from '../platform/http/receive.js';
import { SettleService } from './settle.service.js';
import { sql } from '../platform/database/sql.js';

interface Incoming {
  kind: FileKind;
  filename: string | null | undefined;
  stream: Readable;
  /** Content length of the whole request, if given: more than the file, so it reserves enough. */
  announced: number | null;
}

/** How long the bytes of an aborted request may stay. */
const multipartExpiryMs = 6 * 3_600_000;

/** Uploads in one request. The quota is charged before the first byte, and refunded on failure. */
@Injectable()
export class UploadsService {
  constructor(
    private readonly em: EntityManager,
    private readonly quota: QuotaService,
    private readonly storage: Storage,
    private readonly settling: SettleService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Streams one multipart file to the storage's own file system. */
  async take(ownerId: string, { kind, filename, stream, announced }: Incoming) {
    const { maxBytes } = this.config.limits[kind];
    const upload = await this.open(ownerId, {
      kind,
      filename: cleanFilename(filename),
      // The request is a little larger than its file; the excess is refunded when the file is complete.
      wanted: announced === null ? null : Math.min(announced, maxBytes),
      resumable: false,
      expiresInMs: multipartExpiryMs,
    });
    const path = join(this.storage.staging, upload.id);
    try {
      const received = await receive(stream, path, Math.min(maxBytes, upload.bytes), () =>
        this.tooLarge(kind, upload.bytes),
      );
      return await this.settling.settle({ ...upload, ownerId, kind, path, ...received });
    } catch (error) {
      await rm(path, { force: true });
      await this.settling.refund(upload.id);
      throw error;
    }
  }

  /**
   * Charges the quota and creates the upload's row.
   * @param wanted bytes; null if the client does not say
   * @throws {Problem} `too_large`, `quota_exceeded`
   */
  open(
    ownerId: string,
    {
      kind,
      filename,
      wanted,
      resumable,
      expiresInMs,
    }: { kind: FileKind; filename: string; wanted: number | null; resumable: boolean; expiresInMs: number },
  ): Promise<{ id: string; bytes: number; filename: string }> {
    const { maxBytes } = this.config.limits[kind];
    if (wanted !== null && wanted > maxBytes) throw this.tooLarge(kind, maxBytes, wanted);
    return this.em.transactional(async (em) => {
      const bytes = await this.quota.room(ownerId, wanted, maxBytes);
      await this.refuseTooMany(em, ownerId);
      const [row] = await sql<{ id: string }>`
        insert into uploads (owner_id, kind, resumable, filename, bytes, expires_at)
          values (${ownerId}, ${kind}, ${resumable}, ${filename}, ${bytes}, ${new Date(Date.now() + expiresInMs)})
          returning id`.all(em);
      return { id: row!.id, bytes, filename };
    });
  }

  /** Runs under the lock on the user's row that `room` took. */
  private async refuseTooMany(em: EntityManager, ownerId: string): Promise<void> {
    const [row] = await sql<{ open: number }>`
      select count(*)::int as open from uploads where owner_id = ${ownerId} and state = 'open'
        and expires_at > now()`.all(em);
    const { max } = amounts.openUploads;
    if (row!.open < max) return;
    throw new Problem('too_many_uploads', {
      detail: `${max} uploads are open: finish or cancel some of them first.`,
      headers: { 'retry-after': '60' },
    });
  }

  private tooLarge(kind: FileKind, reserved: number, sent?: number): Problem {
    const { maxBytes } = this.config.limits[kind];
    if (reserved < maxBytes)
      return new Problem('quota_exceeded', `More was sent than the ${inBytes(reserved)} left in your quota.`);
    return new Problem('too_large', {
      detail: `A ${kind} may have at most ${inBytes(maxBytes)}${sent === undefined ? '' : `; this one has ${inBytes(sent)}`}.`,
      reason: 'too_large',
    });
  }
}
