import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { EventLog, eventCursor } from '../platform/realtime/log.js';
import { Tail } from '../platform/realtime/tail.js';
import { EventsQuery, LiveEvents } from './sockets.schemas.js';

@ApiTags('events')
@Controller('events')
export class EventsController {
  constructor(
    private readonly log: EventLog,
    private readonly tail: Tail,
  ) {}

  @Get()
  @Verified('read')
  @Limited('feed')
  @Documented({
    summary: 'Read what sockets are told',
    description:
      'For clients without a socket: the same events, in the same order. Without a cursor: none, and the cursor from which on there will be some.',
    answers: { 200: { schema: LiveEvents, description: 'The oldest first' } },
    problems: ['validation_failed'],
  })
  async list(
    @CurrentUser() { id }: Viewer,
    @Query({ schema: EventsQuery }) { limit, cursor }: EventsQuery,
  ): Promise<LiveEvents> {
    const { epoch, seq, resumed } = await this.log.begin(id, cursor);
    const events = await this.tail.render(await this.log.after(id, seq, limit));
    const items = events.flatMap(({ name, seq, at, payload }) =>
      payload ? [{ name, cursor: eventCursor(epoch, seq), at, ...payload }] : [],
    );
    return { items: items as LiveEvents['items'], nextCursor: eventCursor(epoch, events.at(-1)?.seq ?? seq), resumed };
  }
}
