import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { OnJob, type JobContext } from '../platform/queue/on-job.js';
import { BuildingService } from './building.service.js';
import { FeedSignals } from './feed-signals.service.js';
import { SweepingService } from './sweeping.service.js';
import { WritingService } from './writing.service.js';

/** Timelines that are written in advance follow what is published, reposted and followed. */
@Injectable()
export class FeedsJobs {
  constructor(
    private readonly writing: WritingService,
    private readonly building: BuildingService,
    private readonly sweeping: SweepingService,
    private readonly signals: FeedSignals,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @OnEvent('write-post')
  onPublished({ mediaId, ownerId }: EventOf<'media.published'>, cursor?: string): Promise<string | undefined> {
    return this.writing.write(mediaId, ownerId, 'post', cursor);
  }

  @OnEvent('write-repost')
  onRepost({ mediaId, userId }: EventOf<'repost.changed'>, cursor?: string): Promise<string | undefined> {
    return this.writing.write(mediaId, userId, 'repost', cursor);
  }

  @OnEvent('tell-feeds')
  onWritten({ actorId, seq }: EventOf<'feed.changed'>, cursor?: string): Promise<string | undefined> {
    return this.signals.tell(actorId, seq, cursor);
  }

  @OnEvent('settle-sources')
  onFollows(events: EventOf<'follow.changed'>[]): Promise<void> {
    return this.building.settle(
      events.map(({ followerId, followeeId }) => ({ readerId: followerId, actorId: followeeId })),
    );
  }

  @OnEvent('build-timeline')
  async onWanted({ readerId }: EventOf<'timeline.wanted'>): Promise<void> {
    if (this.config.feeds.fanoutLimit > 0) await this.building.build(readerId);
  }

  @OnJob('feeds.sweep')
  sweep(_payload: object, { signal }: JobContext): Promise<void> {
    return this.sweeping.sweep(signal);
  }
}
