import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { OnCommand, type Caller } from '../platform/realtime/on-command.js';
import { Rooms } from '../platform/realtime/rooms.js';
import { Username } from '../users/users.schemas.js';
import { PresenceAnswer } from './presence.schemas.js';
import { PresenceService } from './presence.service.js';

const Users = z.strictObject({ usernames: z.array(Username).min(1).max(200, { abort: true }) });
type Users = z.infer<typeof Users>;
const Activity = z.strictObject({ active: z.boolean() });

@Injectable()
export class PresenceCommands {
  constructor(
    private readonly presence: PresenceService,
    private readonly rooms: Rooms,
  ) {}

  @OnCommand('presence.watch', Users, z.array(PresenceAnswer))
  watch(caller: Caller, { usernames }: Users): Promise<PresenceAnswer[]> {
    return this.presence.watch(caller, usernames);
  }

  @OnCommand('presence.unwatch', Users, z.null())
  async unwatch(caller: Caller, { usernames }: Users): Promise<null> {
    await this.presence.unwatch(caller, usernames);
    return null;
  }

  @OnCommand('presence.active', Activity, z.null())
  async active({ viewer, socketId }: Caller, { active }: z.infer<typeof Activity>): Promise<null> {
    if (active) this.rooms.join(socketId, 'foreground', viewer.id);
    else this.rooms.leave(socketId, 'foreground', viewer.id);
    return null;
  }
}
