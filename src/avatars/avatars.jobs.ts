import { Injectable } from '@nestjs/common';
import type { EventOf } from '../platform/events/events.js';
import { OnEvent } from '../platform/events/on-event.js';
import { avatarFolder } from '../platform/storage/keys.js';
import { Storage } from '../platform/storage/storage.js';

@Injectable()
export class AvatarsJobs {
  constructor(private readonly storage: Storage) {}

  @OnEvent('delete-avatar')
  deleteBytes({ hash, version }: EventOf<'avatar.orphaned'>): Promise<void> {
    return this.storage.deletePrefix(avatarFolder(hash, version));
  }
}
