import { z } from 'zod';
import { Quota } from '../users/users.schemas.js';

const limit = z.int().min(1);

export const LimitsAnswer = Quota.extend({
  kinds: z.object({
    photo: z.object({ maxBytes: limit, maxPixels: limit, maxFrames: limit }),
    video: z.object({ maxBytes: limit, maxDurationMs: limit, maxSide: limit, maxFps: limit }),
    music: z.object({ maxBytes: limit, maxDurationMs: limit }),
    file: z.object({ maxBytes: limit }),
  }),
  amounts: z
    .array(
      z.object({
        name: z.string().meta({ example: 'subtitles' }),
        max: limit,
        description: z.string().meta({ example: 'subtitle tracks of a media' }),
      }),
    )
    .meta({ description: 'How many of each thing you may have' }),
}).meta({ id: 'Limits' });
