import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { PushKey, SubscribeBody, UnsubscribeBody } from './push.schemas.js';
import { PushService } from './push.service.js';

@ApiTags('push')
@Controller('push')
export class PushController {
  constructor(private readonly push: PushService) {}

  @Get('key')
  @Verified('read')
  @Documented({
    summary: 'The key to subscribe with',
    answers: { 200: { schema: PushKey, description: 'The public key of this installation' } },
  })
  read() {
    return { key: this.push.key };
  }

  @Post('subscriptions')
  @HttpCode(204)
  @Verified('write')
  @Limited('push')
  @Documented({
    summary: 'Have notifications pushed to a browser',
    description:
      'What stays unread for some seconds, while no device is in the foreground: messages, and the kinds that `PUT notifications/preferences` has `push` for; at most one push an hour for the same. The payload is `{ kind: message, chat, message }` or `{ kind: notification, notification: { id, text } }`; with `pushText` in `PUT users/me`, `text` says what it is about, and there are `kind`, `actor`, and the addresses `media`, `comment` and `file`. Until the session or key ends that you use here. Only to the push services of browsers.',
    answers: { 204: null },
    problems: ['push_endpoint_refused', 'validation_failed'],
  })
  subscribe(@CurrentUser() viewer: Viewer, @Body({ schema: SubscribeBody }) body: SubscribeBody) {
    return this.push.subscribe(viewer, body);
  }

  @Delete('subscriptions')
  @HttpCode(204)
  @Verified('write')
  @Limited('push')
  @Documented({
    summary: 'Stop pushing to a browser',
    answers: { 204: null },
    problems: ['validation_failed'],
  })
  unsubscribe(
    @CurrentUser() { id }: Viewer,
    @Body({ schema: UnsubscribeBody }) { endpoint }: z.infer<typeof UnsubscribeBody>,
  ) {
    return this.push.unsubscribe(id, endpoint);
  }
}
