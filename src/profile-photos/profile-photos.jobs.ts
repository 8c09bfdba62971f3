import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { behindFirst, type PayloadOf } from '../platform/queue/jobs.js';
import { Jobs } from '../platform/queue/jobs.service.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { ShuttingDown } from '../platform/queue/runner.js';
import { UnfinishedWork } from '../platform/queue/unfinished-work.js';
import { SquaresService } from './squares.service.js';
import { sql } from '../platform/database/sql.js';

@Injectable()
export class ProfilePhotosJobs implements OnModuleInit {
  private readonly logger = new Logger('ProfilePhotos');

  constructor(
    private readonly em: EntityManager,
    private readonly jobs: Jobs,
    private readonly squares: SquaresService,
    private readonly unfinished: UnfinishedWork,
  ) {}

  onModuleInit(): void {
    this.unfinished.watch<{ id: string }>('profile photos', {
      silent: (limit, after) => sql<{ id: string }>`
        select id from photo_wishes
        where created_at < now() - interval '45 seconds' and (${after ?? null}::uuid is null or id > ${after ?? null})
        order by id limit ${limit}`,
      jobs: ({ id }) => [{ name: 'photo.squares', id }],
      restart: (wish) => this.restart(wish),
    });
  }

  @OnJob('photo.squares')
  async fulfil({ wishId }: PayloadOf<'photo.squares'>, { signal, isLastAttempt }: JobContext): Promise<void> {
    try {
      await this.squares.fulfil(wishId, signal);
    } catch (error) {
      if (isLastAttempt && !(signal.reason instanceof ShuttingDown)) {
        this.logger.warn({ wishId, err: error }, 'profile photo given up, the profile is unchanged');
        await this.squares.giveUp(wishId);
      }
      throw error;
    }
  }

  @OnEvent('make-squares')
  start({ wishId }: EventOf<'photo.wished'>): Promise<void> {
    return this.jobs.add('photo.squares', { wishId }, { id: wishId, priority: behindFirst });
  }

  private async restart({ id }: { id: string }): Promise<void> {
    const [again] = await sql<{ id: string }>`
      update photo_wishes set id = uuidv7(), created_at = now() where id = ${id} returning id`.all(this.em);
    if (again) await this.start({ wishId: again.id });
  }
}
