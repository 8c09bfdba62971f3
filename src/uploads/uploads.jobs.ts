import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failures } from '../platform/queue/failures.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { Problem } from '../platform/http/problems.js';
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
  async sweep(_payload: object, { signal }: JobContext): Promise<void> {
    const failures = new Failures(this.logger, signal);
    await failures.attempt({ step: 'finish' }, () => this.finishComplete(failures));
    await failures.attempt({ step: 'expire' }, () => this.removeExpired(failures));
    await failures.attempt({ step: 'strays' }, () => this.removeStrays(failures));
    await failures.attempt({ step: 'settled' }, () => this.removeSettled());
    failures.throwIfAny();
  }

  /** Uploads whose last bytes arrived, but whose process died before it could make a file of them. */
  private async finishComplete(failures: Failures): Promise<void> {
    for (let after = firstId; ;) {
      const idle = await sql<{ id: string }>`
        select id from uploads where state = 'open' and resumable and expires_at > now()
          and created_at < now() - interval '1 minute'
        and (writer_until is null or writer_until < now()) and id > ${after} order by id limit 500`.all(this.em);
      for (const { id } of idle) await failures.attempt({ uploadId: id }, () => this.finish(id));
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
      // The next run would get the same answer: the client's bytes are refused, or somebody else is at it.
      if (!(error instanceof Problem) || error.getStatus() >= 500) throw error;
      this.logger.warn({ uploadId: id, err: error }, 'could not be finished');
    }
  }

  /** What a process left behind that died after its upload was settled, or before it was known. */
  private async removeStrays(failures: Failures): Promise<void> {
    for (const folder of [this.storage.staging, join(this.storage.staging, 'tus')]) {
      for (const name of await readdir(folder)) {
        // What is copied from a bucket to be checked has an end to its name.
        const [id = ''] = name.split('.');
        if (isUuid(id)) await failures.attempt({ uploadId: id }, () => this.removeStray(join(folder, name), id));
      }
    }
  }

  private async removeStray(path: string, id: string): Promise<void> {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
    if (mtimeMs > Date.now() - strayMs) return;
    const open = await sql`select 1 from uploads where id = ${id} and state = 'open'`.all(this.em);
    if (!open.length) await rm(path, { force: true });
  }

  /** By a cursor, so that an upload that cannot be removed is passed, and not met again before the next run. */
  private async removeExpired(failures: Failures): Promise<void> {
    for (let after = { id: firstId, expires_at: '-infinity' }; ;) {
      const expired = await sql<{ id: string; expires_at: string }>`
        select id, expires_at::text from uploads where state = 'open' and expires_at < now()
          and (expires_at, id) > (${after.expires_at}::timestamptz, ${after.id}) order by expires_at, id
        limit 500`.all(this.em);
      for (const { id } of expired) await failures.attempt({ uploadId: id }, () => this.removeUpload(id));
      const last = expired.at(-1);
      if (!last) return;
      after = last;
    }
  }

  /** The row is locked until its bytes are gone, so that no process makes a file of them in the meantime. */
  private removeUpload(id: string): Promise<void> {
    return this.em.transactional(async (em) => {
      const [upload] = await sql`
        select id from uploads where id = ${id} and state = 'open' and expires_at < now()
        for update skip locked`.all(em);
      if (!upload) return;
      await rm(join(this.storage.staging, id), { force: true });
      await rm(this.finishing.store.pathOf(id), { force: true });
      await this.storage.deletePrefix(fileFolder(id));
      await sql`delete from uploads where id = ${id}`.all(em);
    });
  }

  /** A settled upload is only the charge for the day. */
  private async removeSettled(): Promise<void> {
    await sql`delete from uploads where state = 'settled' and created_at < now() - interval '25 hours'`.all(this.em);
  }
}
