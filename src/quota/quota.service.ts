import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { Problem } from '../platform/http/problems.js';
import { inBytes } from '../platform/http/in-bytes.js';
import { sql, type Statement } from '../platform/database/sql.js';

interface Used {
  stored: number;
  open: number;
  day: number;
  derived: number;
}

/**
 * Bytes that may be made of a user's files, as a multiple of the quota. Renditions of most files are about as large as
 * these, but a small picture of noise becomes two hundred times as large.
 */
const derivedShare = 4;

/**
 * Bytes a user may still send. Rows of `uploads` are the charges: made before the first byte, corrected when the file
 * is complete, deleted on failure.
 */
@Injectable()
export class QuotaService {
  constructor(
    private readonly em: EntityManager,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async usage(userId: string) {
    const used = await this.used(userId);
    const { dayBytes, totalBytes } = this.config.quota;
    return {
      day: { usedBytes: used.day, allowedBytes: dayBytes },
      total: { usedBytes: used.stored + used.open, allowedBytes: totalBytes },
      derived: { usedBytes: used.derived, allowedBytes: derivedShare * totalBytes },
    };
  }

  /**
   * How many bytes may be charged now, which is nothing once too much was made of earlier files. To be called in the
   * transaction that inserts the charge: it locks the user's row, so that parallel uploads do not count the same room
   * twice.
   * @param wanted bytes; null if the client did not say: then whatever is left, up to `atMost`
   * @throws {Problem} `quota_exceeded`
   */
  async room(userId: string, wanted: number | null, atMost: number): Promise<number> {
    const used = await this.used(userId, sql`for no key update of u`);
    const { dayBytes, totalBytes } = this.config.quota;
    if (used.derived >= derivedShare * totalBytes)
      throw new Problem('quota_exceeded', {
        detail: `What was made of your files takes more than ${inBytes(derivedShare * totalBytes)}: delete some of them.`,
        reason: 'derived_bytes',
      });
    const left = Math.max(0, Math.min(dayBytes - used.day, totalBytes - used.stored - used.open));
    const charge = wanted ?? Math.min(left, atMost);
    if (charge > left || left === 0) {
      throw new Problem('quota_exceeded', {
        detail:
          `You may send ${inBytes(left)} more now (${inBytes(dayBytes)} in 24 hours, ${inBytes(totalBytes)} in total)` +
          (wanted === null ? '.' : `; this is ${inBytes(wanted)}.`),
      });
    }
    return charge;
  }

  /**
   * Charges bytes stored in addition to an uploaded file, or refunds them. Runs in the caller's transaction.
   * @param bytes the difference; negative for a refund
   * @throws {Problem} `quota_exceeded`
   */
  async charge(userId: string, bytes: number): Promise<void> {
    if (bytes > 0) await this.room(userId, bytes, bytes);
    if (bytes) await sql`update users set storage_bytes = storage_bytes + ${bytes} where id = ${userId}`.all(this.em);
  }

  private async used(userId: string, lock?: Statement): Promise<Used> {
    if (lock) await sql`select 1 from users u where id = ${userId} ${lock}`.all(this.em);
    const [row] = await sql<Record<keyof Used, string>>`
      select u.storage_bytes as stored, u.derived_bytes as derived,
        (select coalesce(sum(bytes), 0) from uploads where owner_id = u.id and state = 'open'
          and expires_at > now()) as open,
        (select coalesce(sum(bytes), 0) from uploads where owner_id = u.id
          and created_at > now() - interval '24 hours'
           and (state = 'settled' or expires_at > now())) as day
      from users u where u.id = ${userId}`.all(this.em);
    const { stored = 0, open = 0, day = 0, derived = 0 } = row ?? {};
    return { stored: Number(stored), open: Number(open), day: Number(day), derived: Number(derived) };
  }
}
