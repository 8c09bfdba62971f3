import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { OptionalUser } from '../platform/http/access.js';
import { Problem } from '../platform/http/problems.js';
import { UsernameParam, type Place } from '../users/users.schemas.js';
import { AskingFor, type Asking } from './asking.js';
import { DeliveryQueries } from './delivery.queries.js';
import { ChannelPhotoQuery, ProfilePhotoQuery } from './delivery.schemas.js';
import { DeliveryService } from './delivery.service.js';
import { DocumentedBytes } from './documented-bytes.js';
import { send } from '../platform/http/send.js';

type Address = z.infer<typeof UsernameParam>;
const params = { username: 'A username' };

@ApiTags('bytes')
@Controller('users/:username')
export class ProfilesController {
  constructor(
    private readonly delivery: DeliveryService,
    private readonly queries: DeliveryQueries,
  ) {}

  @Get('profile-photo')
  @OptionalUser()
  @DocumentedBytes({ summary: 'The profile photo of a user, as a square', content: 'image/*', params })
  profile(
    @AskingFor() asking: Asking,
    @Param({ schema: UsernameParam }) { username }: Address,
    @Query({ schema: ProfilePhotoQuery }) query: z.infer<typeof ProfilePhotoQuery>,
    @Res() reply: FastifyReply,
  ) {
    return this.answer(username, 'profile', query, asking, reply);
  }

  @Get('channel-photo')
  @OptionalUser()
  @DocumentedBytes({ summary: "The photo of a user's channel", content: 'image/*', params })
  channel(
    @AskingFor() asking: Asking,
    @Param({ schema: UsernameParam }) { username }: Address,
    @Query({ schema: ChannelPhotoQuery }) query: z.infer<typeof ChannelPhotoQuery>,
    @Res() reply: FastifyReply,
  ) {
    return this.answer(username, 'channel', query, asking, reply);
  }

  private async answer(username: string, place: Place, query: ProfilePhotoQuery, asking: Asking, reply: FastifyReply) {
    const file = await this.queries.ofProfile(username, place);
    if (!file) throw new Problem('rendition_not_found', `There is no such user, or no ${place} photo.`);
    return send(reply, asking, this.delivery.ofProfile(file, query, asking));
  }
}
