import { Injectable } from '@nestjs/common';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { comment, commentReaction, failedFile, follow, mention, message, reaction, repost } from './acts.js';
import { AnnouncingService } from './announcing.service.js';
import { NotificationSync } from './notification-sync.service.js';
import { WithdrawingService } from './withdrawing.service.js';

/** From events to notifications; undoing something withdraws its notification by the same method. */
@Injectable()
export class NotificationsJobs {
  constructor(
    private readonly sync: NotificationSync,
    private readonly withdrawing: WithdrawingService,
    private readonly announcing: AnnouncingService,
  ) {}

  @OnEvent('tell-reaction')
  onReaction(events: EventOf<'reaction.changed'>[]): Promise<void> {
    return this.sync.reconcile(
      reaction,
      events.map(({ mediaId, userId }) => ({ subjectId: mediaId, actorId: userId })),
    );
  }

  @OnEvent('tell-comment-reaction')
  onCommentReaction(events: EventOf<'comment.reaction.changed'>[]): Promise<void> {
    return this.sync.reconcile(
      commentReaction,
      events.map(({ commentId, userId }) => ({ subjectId: commentId, actorId: userId })),
    );
  }

  @OnEvent('tell-comment')
  onComment(events: EventOf<'comment.changed'>[]): Promise<void> {
    return this.sync.reconcile(
      comment,
      events.map(({ commentId }) => ({ subjectId: commentId })),
    );
  }

  @OnEvent('withdraw-from-deleted')
  onDeleted({ commentId }: EventOf<'comment.deleted'>, cursor: string | undefined): Promise<string | undefined> {
    return this.withdrawing.fromDeleted(commentId, cursor);
  }

  @OnEvent('tell-follow')
  onFollow(events: EventOf<'follow.changed'>[]): Promise<void> {
    return this.sync.reconcile(
      follow,
      events.map(({ followerId, followeeId }) => ({ subjectId: followeeId, actorId: followerId })),
    );
  }

  @OnEvent('tell-repost')
  onRepost(events: EventOf<'repost.changed'>[]): Promise<void> {
    return this.sync.reconcile(
      repost,
      events.map(({ mediaId, userId }) => ({ subjectId: mediaId, actorId: userId })),
    );
  }

  @OnEvent('tell-messages')
  onUnread(events: EventOf<'chat.told'>[]): Promise<void> {
    return this.sync.reconcile(
      message,
      events.map(({ chatId }) => ({ subjectId: chatId })),
    );
  }

  @OnEvent('tell-mentions')
  onMentions(events: EventOf<'mentions.changed'>[]): Promise<void> {
    return this.syncMentions(events);
  }

  @OnEvent('tell-mentions-of-new')
  onPublishedMentions(events: EventOf<'media.published'>[]): Promise<void> {
    return this.syncMentions(events);
  }

  @OnEvent('tell-followers')
  onPublished({ mediaId }: EventOf<'media.published'>, cursor: string | undefined): Promise<string | undefined> {
    return this.announcing.announce(mediaId, cursor);
  }

  @OnEvent('tell-failure')
  onFailed(events: EventOf<'file.failed'>[]): Promise<void> {
    return this.syncFailures(events);
  }

  /** Also recorded when a failed file is restarted. */
  @OnEvent('withdraw-failure')
  onStartedOver(events: EventOf<'file.uploaded'>[]): Promise<void> {
    return this.syncFailures(events);
  }

  @OnEvent('withdraw-blocked')
  onBlock({ blockerId, blockedId }: EventOf<'block.changed'>): Promise<void> {
    return this.withdrawing.fromBlocked(blockerId, blockedId);
  }

  private syncMentions(events: { mediaId: string }[]): Promise<void> {
    return this.sync.reconcile(
      mention,
      events.map(({ mediaId }) => ({ subjectId: mediaId })),
    );
  }

  private syncFailures(events: { fileId: string }[]): Promise<void> {
    return this.sync.reconcile(
      failedFile,
      events.map(({ fileId }) => ({ subjectId: fileId })),
    );
  }
}
