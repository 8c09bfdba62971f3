import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { behindFirst, type PayloadOf } from '../platform/queue/jobs.js';
import { Jobs } from '../platform/queue/jobs.service.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { ShuttingDown } from '../platform/queue/runner.js';
import { UnfinishedWork } from '../platform/queue/unfinished-work.js';
import { EmbeddingService } from './embedding.service.js';
import { sql } from '../platform/database/sql.js';

interface Wished {
  id: string;
  embed_id: string;
}

@Injectable()
export class CoversJobs implements OnModuleInit {
  private readonly logger = new Logger('Covers');

  constructor(
    private readonly em: EntityManager,
    private readonly jobs: Jobs,
    private readonly embedding: EmbeddingService,
    private readonly unfinished: UnfinishedWork,
  ) {}

  onModuleInit(): void {
    this.unfinished.watch<Wished>('pictures to embed', {
      silent: (limit, after) => sql<Wished>`
        select id, embed_id from files
        where embed_id is not null and updated_at < now() - interval '45 seconds'
          and (${after ?? null}::uuid is null or id > ${after ?? null})
        order by id limit ${limit}`,
      jobs: (wished) => [{ name: 'music.embed', id: jobId(wished) }],
      restart: (wished) => this.restart(wished),
    });
  }

  @OnJob('music.embed')
  async embed({ fileId }: PayloadOf<'music.embed'>, { signal, isLastAttempt }: JobContext): Promise<void> {
    try {
      await this.embedding.embed(fileId, signal);
    } catch (error) {
      if (isLastAttempt && !(signal.reason instanceof ShuttingDown)) {
        this.logger.warn({ fileId, err: error }, 'the download stays without its picture');
        await this.embedding.giveUp(fileId);
      }
      throw error;
    }
  }

  @OnEvent('embed-picture')
  async start({ fileId }: EventOf<'file.pictured'>): Promise<void> {
    const [wished] =
      await sql<Wished>`select id, embed_id from files where id = ${fileId} and embed_id is not null`.all(this.em);
    if (wished) await this.enqueue(wished);
  }

  /** A new download contains the cover that came with the music. */
  @OnEvent('embed-picture-again')
  async startAgain({ fileId }: EventOf<'file.ready'>): Promise<void> {
    await sql`
      update files f set embed_id = uuidv7(), updated_at = now() where id = ${fileId} and kind = 'music'
        and picture is not null
      and embed_id is null and not exists (select 1 from renditions r
        where r.file_id = f.id and r.role = 'download' and r.facts->>'picture' = f.picture->>'id')`.all(this.em);
    await this.start({ fileId });
  }

  private async restart(wished: Wished): Promise<void> {
    const [again] = await sql<Wished>`
      update files set embed_id = uuidv7(), updated_at = now()
      where id = ${wished.id} and embed_id = ${wished.embed_id} returning id, embed_id`.all(this.em);
    if (again) await this.enqueue(again);
  }

  private enqueue(wished: Wished): Promise<void> {
    return this.jobs.add('music.embed', { fileId: wished.id }, { id: jobId(wished), priority: behindFirst });
  }
}

const jobId = ({ id, embed_id }: Wished) => `${id}-${embed_id}`;
