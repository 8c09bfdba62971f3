import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { SocketCredentials } from '../auth/socket-credentials.service.js';
import { OnCommand, type Caller } from '../platform/realtime/on-command.js';
import { SocketServer } from './socket-server.js';

const RenewBody = z.strictObject({ token: z.string().max(4_000) });

/** A socket outlives the access token that it was opened with, if it gets the next one in time. */
@Injectable()
export class RenewingCommands {
  constructor(
    private readonly credentials: SocketCredentials,
    private readonly server: SocketServer,
  ) {}

  @OnCommand('auth.renew', RenewBody, z.null())
  async renew({ socketId }: Caller, { token }: z.infer<typeof RenewBody>): Promise<null> {
    const identified = await this.credentials.byToken(token);
    this.server.connection(socketId).renew(identified);
    return null;
  }
}
