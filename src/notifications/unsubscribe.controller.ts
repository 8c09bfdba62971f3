import { Controller, Get, Header, HttpCode, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Public } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import { PreferencesService } from './preferences.service.js';
import { UnsubscribeQuery } from './notifications.schemas.js';

/** A form, so that programs that only open the links of a mail do not unsubscribe. */
const page = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Vitrine</title>
<body style="font:16px/1.5 system-ui,sans-serif;max-width:480px;margin:64px auto;padding:0 16px">
<p>Unsubscribe from mails about what happens at Vitrine? Mails about your account itself will still come.</p>
<form method="post"><button style="font:inherit;padding:8px 16px">End these mails</button></form>
`;

@ApiTags('notifications')
@Controller('notifications/unsubscribe')
export class UnsubscribeController {
  constructor(private readonly preferences: PreferencesService) {}

  @Get()
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  @Documented({
    summary: 'The page that the link in a mail opens',
    answers: { 200: { description: 'A form with one button', content: 'text/html' } },
    problems: ['validation_failed'],
  })
  ask(@Query({ schema: UnsubscribeQuery }) _query: z.infer<typeof UnsubscribeQuery>): string {
    return page;
  }

  /** Sent by mail programs when their user unsubscribes (RFC 8058). */
  @Post()
  @HttpCode(200)
  @Public()
  @Header('content-type', 'text/plain; charset=utf-8')
  @Documented({
    summary: 'Unsubscribe from mails',
    description: 'One click (RFC 8058). PUT notifications/preferences turns them on again.',
    answers: { 200: { description: 'Ended', content: 'text/plain' } },
    problems: ['not_found', 'validation_failed'],
  })
  async end(@Query({ schema: UnsubscribeQuery }) { t }: z.infer<typeof UnsubscribeQuery>): Promise<string> {
    await this.preferences.unsubscribe(t);
    return 'You will get no more of these mails.\n';
  }
}
