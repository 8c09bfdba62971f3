import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { MovedCounts } from '../counters/moved-counts.service.js';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { MediaStatus } from './media.status.js';
import { sql } from '../platform/database/sql.js';

/** Updates a media when its files change. */
@Injectable()
export class MediaJobs {
  constructor(
    private readonly em: EntityManager,
    private readonly status: MediaStatus,
    private readonly moved: MovedCounts,
  ) {}

  @OnEvent('show-media')
  onPlayable({ fileId }: EventOf<'file.playable'>): Promise<void> {
    return this.settle(fileId);
  }

  @OnEvent('settle-media')
  onReady({ fileId }: EventOf<'file.ready'>): Promise<void> {
    return this.settle(fileId);
  }

  @OnEvent('fail-media')
  onFailed({ fileId }: EventOf<'file.failed'>): Promise<void> {
    return this.settle(fileId);
  }

  /** Also recorded when a failed file is restarted. */
  @OnEvent('unsettle-media')
  onStartedOver({ fileId }: EventOf<'file.uploaded'>): Promise<void> {
    return this.settle(fileId);
  }

  private async settle(fileId: string): Promise<void> {
    const id = await this.em.transactional(async (em) => {
      const [media] = await sql<{ media_id: string }>`
        select media_id from media_files where file_id = ${fileId}`.all(em);
      if (media) await this.status.settle(em, media.media_id);
      return media?.media_id;
    });
    // Perhaps it is shown now, or not any more.
    if (id !== undefined) this.moved.ofMedia(id);
  }
}
