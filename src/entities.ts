import { ApiKeySchema } from './auth/api-key.entity.js';
import { OneTimeCodeSchema } from './auth/one-time-code.entity.js';
import { SessionSchema } from './auth/session.entity.js';
import { FileSchema } from './files/file.entity.js';
import { RenditionSchema } from './files/rendition.entity.js';
import { FollowSchema } from './follows/follow.entity.js';
import { MediaFileSchema, MediaSchema } from './media/media.entity.js';
import { ExportSchema } from './personal-data/export.entity.js';
import { PhotoWishSchema } from './profile-photos/photo-wish.entity.js';
import { OutboxEventSchema } from './platform/events/outbox.entity.js';
import { IdempotencyKeySchema } from './platform/http/idempotency-key.entity.js';
import { MediaTagSchema, TagSchema } from './tags/tag.entity.js';
import { UploadSchema } from './uploads/upload.entity.js';
import { UserSchema } from './users/user.entity.js';

/** Every table. The migrations are written by hand; a test compares the two. */
export const entities = [
  ApiKeySchema,
  ExportSchema,
  FileSchema,
  FollowSchema,
  IdempotencyKeySchema,
  MediaFileSchema,
  MediaSchema,
  MediaTagSchema,
  OneTimeCodeSchema,
  OutboxEventSchema,
  PhotoWishSchema,
  RenditionSchema,
  SessionSchema,
  TagSchema,
  UploadSchema,
  UserSchema,
];
