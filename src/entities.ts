import { AddressCountSchema } from './accounts/address-count.entity.js';
import { AvatarSchema } from './avatars/avatar.entity.js';
import { ApiKeySchema } from './auth/api-key.entity.js';
import { OneTimeCodeSchema } from './accounts/one-time-code.entity.js';
import { PasswordResetLinkSchema } from './accounts/password-reset-link.entity.js';
import { SessionSchema } from './auth/session.entity.js';
import { BlockSchema, MuteSchema } from './blocks/block.entity.js';
import { CommentSchema } from './comments/comment.entity.js';
import { ActivitySchema } from './feeds/activity.entity.js';
import { FeedEntrySchema, FeedReaderSchema, FeedSourceSchema } from './feeds/feed.entity.js';
import { FileSchema } from './files/file.entity.js';
import { RenditionSchema } from './files/rendition.entity.js';
import { FollowSchema } from './follows/follow.entity.js';
import { MediaFileSchema, MediaSchema } from './media/media.entity.js';
import { CommentMentionSchema, MediaMentionSchema } from './mentions/mention.entity.js';
import { ExportSchema } from './personal-data/export.entity.js';
import { OutboxEventSchema } from './platform/events/outbox.entity.js';
import { IdempotencyKeySchema } from './platform/http/idempotency-key.entity.js';
import { PlaylistItemSchema, PlaylistSchema } from './playlists/playlist.entity.js';
import { ChatMemberSchema, ChatPushSchema, ChatSchema } from './messages/chat.entity.js';
import {
  MessageHideSchema,
  MessageReactionSchema,
  MessageSchema,
  MessageWordsSchema,
} from './messages/message.entity.js';
import {
  MailedActSchema,
  NotificationEntrySchema,
  NotificationPositionSchema,
  NotificationPreferenceSchema,
  NotificationPushSchema,
  NotificationSchema,
  StrangerPushSchema,
} from './notifications/notification.entity.js';
import { PhotoWishSchema } from './profile-photos/photo-wish.entity.js';
import { PushSubscriptionSchema } from './push/push-subscription.entity.js';
import { CommentReactionSchema, ReactionSchema } from './reactions/reaction.entity.js';
import { RepostSchema } from './reposts/repost.entity.js';
import { SaveSchema } from './saves/save.entity.js';
import { MediaWordsSchema } from './search/media-words.entity.js';
import { MediaTagSchema, TagSchema } from './tags/tag.entity.js';
import { UploadSchema } from './uploads/upload.entity.js';
import { UserSchema } from './users/user.entity.js';
import { MediaViewDaySchema, ViewSchema } from './views/view.entity.js';

/** Every table. Migrations are written by hand; a test compares them with this list. */
export const entities = [
  ActivitySchema,
  FeedEntrySchema,
  FeedReaderSchema,
  FeedSourceSchema,
  AddressCountSchema,
  ApiKeySchema,
  AvatarSchema,
  BlockSchema,
  ChatMemberSchema,
  ChatPushSchema,
  ChatSchema,
  CommentMentionSchema,
  CommentReactionSchema,
  CommentSchema,
  ExportSchema,
  FileSchema,
  FollowSchema,
  IdempotencyKeySchema,
  MailedActSchema,
  MediaFileSchema,
  MediaMentionSchema,
  MediaSchema,
  MediaTagSchema,
  MediaViewDaySchema,
  MediaWordsSchema,
  MessageHideSchema,
  MessageReactionSchema,
  MessageSchema,
  MessageWordsSchema,
  MuteSchema,
  NotificationEntrySchema,
  NotificationPositionSchema,
  NotificationPreferenceSchema,
  NotificationPushSchema,
  NotificationSchema,
  OneTimeCodeSchema,
  OutboxEventSchema,
  PasswordResetLinkSchema,
  PhotoWishSchema,
  PlaylistItemSchema,
  PlaylistSchema,
  PushSubscriptionSchema,
  ReactionSchema,
  RenditionSchema,
  RepostSchema,
  SaveSchema,
  SessionSchema,
  StrangerPushSchema,
  TagSchema,
  UploadSchema,
  UserSchema,
  ViewSchema,
];
