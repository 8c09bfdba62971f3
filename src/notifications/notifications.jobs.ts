import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import type { JobContext } from '../platform/queue/on-job.js';
import { comment, commentReaction, commentReactions, failedFile, follow, mentions, reaction, repost } from './acts.js';
import { AnnouncingService } from './announcing.service.js';
import { TellingService } from './telling.service.js';
import { sql } from '../platform/database/sql.js';

/** From what happened to what people are told of; undone, it is withdrawn by the same method. */
@Injectable()
export class NotificationsJobs {
  constructor(
    private readonly em: EntityManager,
    private readonly telling: TellingService,
    private readonly announcing: AnnouncingService,
  ) {}

  @OnEvent('reaction.changed', 'tell-reaction')
  onReaction({ mediaId, userId }: EventOf<'reaction.changed'>): Promise<void> {
    return this.telling.tell(reaction(mediaId, userId));
  }

  @OnEvent('comment.reaction.changed', 'tell-comment-reaction')
  onCommentReaction({ commentId, userId }: EventOf<'comment.reaction.changed'>): Promise<void> {
    return this.telling.tell(commentReaction(commentId, userId));
  }

  @OnEvent('comment.changed', 'tell-comment')
  async onComment({ commentId }: EventOf<'comment.changed'>, { signal }: JobContext): Promise<void> {
    await this.telling.tell(comment(commentId));
    // One that stands only for its replies has no author any more who could hear of them, or of reactions.
    const replies = await sql<{ id: string }>`
      select r.id from comments c join comments r on r.parent_id = c.id where c.id = ${commentId}
        and c.deleted_at is not null`.all(this.em);
    if (replies.length) await this.telling.tell(commentReactions(commentId));
    for (const { id } of replies) {
      signal.throwIfAborted();
      await this.telling.tell(comment(id));
    }
  }

  @OnEvent('follow.changed', 'tell-follow')
  onFollow({ followerId, followeeId }: EventOf<'follow.changed'>): Promise<void> {
    return this.telling.tell(follow(followerId, followeeId));
  }

  @OnEvent('repost.changed', 'tell-repost')
  onRepost({ mediaId, userId }: EventOf<'repost.changed'>): Promise<void> {
    return this.telling.tell(repost(mediaId, userId));
  }

  @OnEvent('mentions.changed', 'tell-mentions')
  onMentions({ mediaId }: EventOf<'mentions.changed'>): Promise<void> {
    return this.telling.tell(mentions(mediaId));
  }

  @OnEvent('media.published', 'tell-followers')
  async onPublished({ mediaId }: EventOf<'media.published'>, { signal }: JobContext): Promise<void> {
    await this.telling.tell(mentions(mediaId));
    await this.announcing.announce(mediaId, signal);
  }

  @OnEvent('file.failed', 'tell-failure')
  onFailed({ fileId }: EventOf<'file.failed'>): Promise<void> {
    return this.telling.tell(failedFile(fileId));
  }

  /** Also told when a failed file is started over. */
  @OnEvent('file.uploaded', 'withdraw-failure')
  onStartedOver({ fileId }: EventOf<'file.uploaded'>): Promise<void> {
    return this.telling.tell(failedFile(fileId));
  }

  @OnEvent('block.changed', 'withdraw-blocked')
  onBlock({ blockerId, blockedId }: EventOf<'block.changed'>): Promise<void> {
    return this.telling.withdraw(blockerId, blockedId);
  }
}
