import { z } from 'zod';
import { MediaAnswer } from '../media/media.schemas.js';
import { page } from '../platform/http/page.js';

const dayMs = 86_400_000;
const ms = z.int().min(0);

export const ViewBody = z
  .strictObject({
    watchedMs: ms.max(dayMs).default(0).meta({ description: 'Time watched since the last report' }),
  })
  .prefault({})
  .meta({ id: 'ReportView' });
export type ViewBody = z.infer<typeof ViewBody>;

export const ViewAnswer = z
  .object({ counted: z.boolean().meta({ description: 'If true, the count includes it within seconds' }) })
  .meta({ id: 'ViewReported' });

export const Audience = z
  .object({
    views: ms,
    watchedMs: ms,
    days: z
      .array(z.object({ day: z.iso.date(), views: ms, watchedMs: ms }))
      .meta({ description: 'The newest first, at most a year; days without views are left out' }),
  })
  .meta({ id: 'Audience' });
export type Audience = z.infer<typeof Audience>;

const Watched = MediaAnswer.extend({ viewedAt: z.iso.datetime(), watchedMs: ms }).meta({ id: 'WatchedMedia' });
export const WatchedPage = page(Watched).meta({ id: 'WatchedMediaPage' });
