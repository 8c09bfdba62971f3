import { z } from 'zod';
import { MediaAnswer } from '../media/media.schemas.js';
import { page } from '../platform/http/page.js';

const dayMs = 86_400_000;
const ms = z.int().min(0);

export const ViewBody = z
  .strictObject({
    watchedMs: ms.max(dayMs).default(0).meta({ description: 'How long it was watched since you said so last' }),
  })
  .prefault({})
  .meta({ id: 'ReportView' });
export type ViewBody = z.infer<typeof ViewBody>;

export const ViewAnswer = z
  .object({ counted: z.boolean().meta({ description: 'The number shows it within seconds' }) })
  .meta({ id: 'ViewReported' });

export const Audience = z
  .object({
    views: ms,
    watchedMs: ms,
    days: z
      .array(z.object({ day: z.iso.date(), views: ms, watchedMs: ms }))
      .meta({ description: 'The newest first, at most a year of them; days without a view are left out' }),
  })
  .meta({ id: 'Audience' });
export type Audience = z.infer<typeof Audience>;

const Watched = MediaAnswer.extend({ viewedAt: z.iso.datetime(), watchedMs: ms }).meta({ id: 'WatchedMedia' });
export const WatchedPage = page(Watched).meta({ id: 'WatchedMediaPage' });
