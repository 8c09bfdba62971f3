import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import type { PayloadOf } from '../platform/queue/jobs.js';
import { Jobs } from '../platform/queue/jobs.service.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { UnfinishedWork } from '../platform/queue/unfinished-work.js';
import { fileFolder } from '../platform/storage/keys.js';
import { Storage } from '../platform/storage/storage.js';
import type { FileKind } from './file.entity.js';
import { onProfile } from './delete-files.js';
import { FilesService } from './files.service.js';
import { ProcessingService } from './processing.service.js';
import { sql } from '../platform/database/sql.js';

/** The usual job for each kind, and the one for owners with nothing else in progress, if it does not take long. */
const jobOf = {
  photo: { usual: 'photo.derive', first: 'photo.derive' },
  video: { usual: 'video.ladder', first: 'video.express' },
  music: { usual: 'music.derive', first: 'music.derive' },
} as const;
/** Five minutes of 1080p: an encode of hours in the first lane would be in everybody's way. Pixels × ms. */
const shortWork = 300_000 * 1920 * 1080;
const lanes = ['usual', 'first'] as const;
const firstId = '00000000-0000-0000-0000-000000000000';
const lastPriority = 1_000_000;

/** An encode that somebody waits for yields to the API only; bulk encodes yield to those, too. */
const niceness = { bulk: 19, express: 10 };

interface Unfinished {
  id: string;
  kind: Exclude<FileKind, 'file'>;
  runs: number;
  redo: boolean;
}
type FileJob = PayloadOf<'photo.derive'>;

@Injectable()
export class FilesJobs implements OnModuleInit {
  private readonly logger = new Logger('Files');

  constructor(
    private readonly em: EntityManager,
    private readonly jobs: Jobs,
    private readonly processing: ProcessingService,
    private readonly storage: Storage,
    private readonly files: FilesService,
    private readonly unfinished: UnfinishedWork,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.unfinished.watch<Unfinished>('files', {
      silent: (limit, after) => sql<Unfinished>`
        select id, kind, runs, redo from files
        where (status = 'processing' or redo)
          and coalesce(heartbeat_at, updated_at) < now() - interval '45 seconds' and id > ${after ?? firstId}
        order by id limit ${limit}`,
      jobs: (file) => lanes.map((lane) => ({ name: jobOf[file.kind][lane], id: jobId(file) })),
      restart: (file) => this.restart(file),
    });
  }

  @OnJob('photo.derive')
  photo({ fileId }: FileJob, context: JobContext): Promise<void> {
    return this.processing.process(fileId, context);
  }

  @OnJob('video.ladder')
  video({ fileId }: FileJob, context: JobContext): Promise<void> {
    return this.processing.process(fileId, context, niceness.bulk);
  }

  @OnJob('video.express')
  express({ fileId }: FileJob, context: JobContext): Promise<void> {
    return this.processing.process(fileId, context, niceness.express);
  }

  @OnJob('music.derive')
  music({ fileId }: FileJob, context: JobContext): Promise<void> {
    return this.processing.process(fileId, context);
  }

  @OnEvent('start-processing')
  async start({ fileId }: EventOf<'file.uploaded'>): Promise<void> {
    const [file] = await sql<Unfinished>`
      select id, kind, runs, redo from files where id = ${fileId} and (status = 'processing' or redo)`.all(this.em);
    if (file) await this.enqueue(file);
  }

  @OnEvent('start-over')
  startOver({ fileId }: EventOf<'file.redo'>): Promise<void> {
    return this.start({ fileId });
  }

  /** The row is deleted already; this deletes the bytes, and can be retried. */
  @OnEvent('delete-bytes')
  async deleteBytes(events: EventOf<'file.deleted'>[], { signal }: JobContext): Promise<void> {
    for (const { fileId } of events) {
      signal.throwIfAborted();
      await this.storage.deletePrefix(fileFolder(fileId));
    }
  }

  @OnEvent('delete-object')
  deleteObject({ key }: EventOf<'bytes.orphaned'>): Promise<void> {
    return this.storage.delete(key);
  }

  /** Deletes files that nothing shows, each slice in its own transaction. */
  @OnJob('files.expire')
  async expire(_payload: object, { signal }: JobContext): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const expired = await this.em.transactional(async (em) => {
        const files = await sql<{ id: string }>`
          select id from files f
          where unused_since < ${new Date(Date.now() - this.config.unusedFileMs)} and status <> 'processing'
            and not ${onProfile}
          limit 200 for update skip locked`.all(em);
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

  /** The more files an owner has in progress, the later the next: one user's backlog never starves another's. */
  private async enqueue(file: Unfinished): Promise<void> {
    if (file.redo) {
      // Nobody waits for it.
      return this.jobs.add(jobOf[file.kind].usual, { fileId: file.id }, { id: jobId(file), priority: lastPriority });
    }
    const [load] = await sql<{ before: number; isShort: boolean }>`
      select (select count(*)::int from files f where f.owner_id = mine.owner_id and f.kind = mine.kind and f.id <> mine.id
          and (f.status = 'processing' and f.id < mine.id or f.processed_at > now() - interval '5 minutes')) as before,
        coalesce(mine.duration_ms::float8 * mine.width * mine.height <= ${shortWork}, false) as "isShort"
      from files mine where mine.id = ${file.id}`.all(this.em);
    const { before, isShort } = load ?? { before: 0, isShort: false };
    const name = jobOf[file.kind][before === 0 && isShort ? 'first' : 'usual'];
    await this.jobs.add(
      name,
      { fileId: file.id },
      { id: jobId(file), priority: Math.min(1 + before, lastPriority - 1) },
    );
  }

  private async restart(file: Unfinished): Promise<void> {
    const [again] = await sql<Unfinished>`
      update files set runs = runs + 1 where id = ${file.id} and runs = ${file.runs} and (status = 'processing'
        or redo) returning id, kind, runs, redo`.all(this.em);
    if (!again) return;
    this.logger.warn({ fileId: file.id }, 'job lost by the queue, started again');
    await this.enqueue(again);
  }
}

const jobId = ({ id, runs }: Pick<Unfinished, 'id' | 'runs'>) => `${id}-${runs}`;
