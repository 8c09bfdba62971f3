import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { isoTime } from '../platform/database/iso-time.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { MediaReader } from '../media/media-reader.service.js';
import { MediaAnswer } from '../media/media.schemas.js';
import { visibleTo } from '../visibility/medias.js';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { page } from '../platform/http/page.js';
import { Limited } from '../platform/limits/limited.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { ReactorsQuery } from './reactions.schemas.js';

const Reacted = MediaAnswer.extend({ reactedAt: z.iso.datetime() }).meta({ id: 'ReactedMedia' });
const ReactedPage = page(Reacted).meta({ id: 'ReactedMediaPage' });

@ApiTags('reactions')
@Controller('users/me/reacted')
export class ReactedController {
  constructor(private readonly reader: MediaReader) {}

  @Get()
  @Verified('read')
  @Limited('feed')
  @Documented({
    summary: 'List the medias you reacted to',
    description: 'The newest reaction first; `viewer.reaction` is yours. `?emoji=👍` lists what you like.',
    answers: { 200: { schema: ReactedPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  list(@CurrentUser() { id }: Viewer, @Query({ schema: ReactorsQuery }) { emoji, ...query }: ReactorsQuery) {
    const ofEmoji: Statement<boolean> = emoji ? sql`r.emoji = ${emoji}` : sql`true`;
    return this.reader.page(
      id,
      {
        keyset: { name: `reacted ${emoji ?? ''}`, columns: [[sql.raw('r.id'), 'uuid']], direction: 'desc' },
        join: sql`join reactions r on r.media_id = m.id and r.user_id = ${id}`,
        where: [visibleTo(id), ofEmoji],
      },
      query,
      {
        columns: sql<{ reactedAt: string }>`r.created_at as "reactedAt"`,
        of: ({ reactedAt }) => ({ reactedAt: isoTime(reactedAt) }),
      },
    );
  }
}
