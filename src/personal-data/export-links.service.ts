import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { randomToken, sha256 } from '../platform/secrets.js';

/** The secrets of mailed links to archives. */
@Injectable()
export class ExportLinks {
  constructor(private readonly em: EntityManager) {}

  /** Generates the link's secret and stores its hash. Null if it was mailed already. A retry generates another one. */
  async issue(exportId: string): Promise<string | null> {
    const token = randomToken();
    const issued = await sql`
      update exports set token_hash = ${sha256(token)} where id = ${exportId} and sent_at is null
        and expires_at > now() returning id`.all(this.em);
    return issued.length ? token : null;
  }

  async sent(exportId: string): Promise<void> {
    await sql`update exports set sent_at = now() where id = ${exportId}`.all(this.em);
  }
}
