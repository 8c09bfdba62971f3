import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OnJob } from '../platform/queue/on-job.js';
import { fileFolder } from '../platform/storage/keys.js';
import { Storage } from '../platform/storage/storage.js';
import { FinishService } from './finish.service.js';
import { isUuid } from './upload-records.js';
import { sql } from '../platform/database/sql.js';

const firstId = '00000000-0000-0000-0000-000000000000';
/** Younger bytes may belong to a request that runs. */
const strayMs = 24 * 3_600_000;

/** Ends what nobody came back for. */
@Injectable()
export class UploadsJobs {
  private readonly logger = new Logger('Uploads');

  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly finishing: FinishService,
  ) {}

  @OnJob('uploads.sweep')
  async sweep(): Promise<void> {
    await this.finishComplete();
    while (await this.removeExpired());
    await this.removeStrays();
    // A settled upload is only the charge for the day.
    await sql`delete from uploads where state = 'settled' and created_at < now() - interval '25 hours'`.all(this.em);
  }

  /** Uploads whose last bytes arrived, but whose process died before it could make a file of them. */
  private async finishComplete(): Promise<void> {
    for (let after = firstId; ;) {
      const idle = await sql<{ id: string }>`
        select id from uploads where state = 'open' and resumable and expires_at > now()
          and created_at < now() - interval '1 minute'
        and (writer_until is null or writer_until < now()) and id > ${after} order by id limit 500`.all(this.em);
      for (const { id } of idle) await this.finish(id);
      const last = idle.at(-1);
      if (!last) return;
      after = last.id;
    }
  }

  private async finish(id: string): Promise<void> {
    try {
      if (await this.finishing.finish(id))
        this.logger.log({ uploadId: id }, 'finished for a client that did not come back');
    } catch (error) {
      this.logger.warn({ uploadId: id, err: error }, 'could not be finished');
    }
  }

  /** What a process left behind that died after its upload was settled, or before it was known. */
  private async removeStrays(): Promise<void> {
    for (const folder of [this.storage.staging, join(this.storage.staging, 'tus')]) {
      const names = (await readdir(folder)).filter(isUuid);
      for (const name of names) {
        const path = join(folder, name);
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
        if (mtimeMs > Date.now() - strayMs) continue;
        const open = await sql`select 1 from uploads where id = ${name} and state = 'open'`.all(this.em);
        if (!open.length) await rm(path, { force: true });
      }
    }
  }

  /** The row is locked until its bytes are gone, so that no process makes a file of them in the meantime. */
  private removeExpired(): Promise<boolean> {
    return this.em.transactional(async (em) => {
      const [upload] = await sql<{ id: string }>`
        select id from uploads where state = 'open' and expires_at < now() order by expires_at
          limit 1 for update skip locked`.all(em);
      if (!upload) return false;
      const { id } = upload;
      await rm(join(this.storage.staging, id), { force: true });
      await rm(this.finishing.store.pathOf(id), { force: true });
      await this.storage.deletePrefix(fileFolder(id));
      await sql`delete from uploads where id = ${id}`.all(em);
      return true;
    });
  }
}
