import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import type { PayloadOf } from '../platform/queue/jobs.js';
import { Jobs } from '../platform/queue/jobs.service.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { fileFolder } from '../platform/storage/keys.js';
import { Storage } from '../platform/storage/storage.js';
import type { FileKind } from './file.entity.js';
import { FilesService } from './files.service.js';
import { ProcessingService } from './processing.service.js';

const jobOf = { photo: 'photo.derive', video: 'video.ladder', music: 'music.derive' } as const;

interface Unfinished {
  id: string;
  kind: Exclude<FileKind, 'file'>;
  runs: number;
}
type FileJob = PayloadOf<'photo.derive'>;

@Injectable()
export class FilesJobs {
  private readonly logger = new Logger('Files');

  constructor(
    private readonly em: EntityManager,
    private readonly jobs: Jobs,
    private readonly processing: ProcessingService,
    private readonly storage: Storage,
    private readonly files: FilesService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @OnJob('photo.derive')
  photo({ fileId }: FileJob, context: JobContext): Promise<void> {
    return this.processing.process(fileId, context);
  }

  @OnJob('video.ladder')
  video({ fileId }: FileJob, context: JobContext): Promise<void> {
    return this.processing.process(fileId, context);
  }

  @OnJob('music.derive')
  music({ fileId }: FileJob, context: JobContext): Promise<void> {
    return this.processing.process(fileId, context);
  }

  @OnEvent('file.uploaded', 'start-processing', 'maintenance')
  async start({ fileId }: EventOf<'file.uploaded'>): Promise<void> {
    const [file] = await this.em.execute<Unfinished[]>(
      `select id, kind, runs from files where id = ? and status = 'processing'`,
      [fileId],
    );
    if (file) await this.enqueue(file);
  }

  /** The row is gone already; this takes the bytes, as often as it needs. */
  @OnEvent('file.deleted', 'delete-bytes', 'maintenance')
  deleteBytes({ fileId }: EventOf<'file.deleted'>): Promise<void> {
    return this.storage.deletePrefix(fileFolder(fileId));
  }

  /** Files that nobody works on and no queue remembers (it was emptied, or gave up) get a new job. */
  @OnJob('files.sweep')
  async sweep(): Promise<void> {
    const silent = await this.em.execute<Unfinished[]>(
      `select id, kind, runs from files where status = 'processing'
         and coalesce(heartbeat_at, created_at) < now() - interval '45 seconds'
       order by heartbeat_at nulls first limit 500`,
    );
    for (const file of silent) {
      if (await this.jobs.isPending(jobOf[file.kind], jobId(file))) continue;
      const [again] = await this.em.execute<Unfinished[]>(
        `update files set runs = runs + 1 where id = ? and runs = ? and status = 'processing' returning id, kind, runs`,
        [file.id, file.runs],
      );
      if (!again) continue;
      this.logger.warn({ fileId: file.id }, 'lost by the queue: started again');
      await this.enqueue(again);
    }
  }

  /** Files that nothing shows; in slices, each its own transaction. */
  @OnJob('files.expire')
  async expire(_payload: object, { signal }: JobContext): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const expired = await this.em.transactional(async (em) => {
        const files = await em.execute<{ id: string }[]>(
          `select id from files where unused_since < ? and status <> 'processing' limit 200 for update skip locked`,
          [new Date(Date.now() - this.config.unusedFileMs)],
        );
        if (files.length)
          await this.files.deleteRows(
            em,
            files.map(({ id }) => id),
          );
        return files.length;
      });
      if (expired === 0) return;
    }
  }

  private enqueue(file: Unfinished): Promise<void> {
    return this.jobs.add(jobOf[file.kind], { fileId: file.id }, { id: jobId(file) });
  }
}

const jobId = ({ id, runs }: Pick<Unfinished, 'id' | 'runs'>) => `${id}-${runs}`;
