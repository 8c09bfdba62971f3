import { z } from 'zod';
import { Quota } from '../users/users.schemas.js';

const limit = z.int().min(1);

export const LimitsView = Quota.extend({
  kinds: z.object({
    photo: z.object({ maxBytes: limit, maxPixels: limit, maxFrames: limit }),
    video: z.object({ maxBytes: limit, maxDurationMs: limit, maxSide: limit, maxFps: limit }),
    music: z.object({ maxBytes: limit, maxDurationMs: limit }),
    file: z.object({ maxBytes: limit }),
  }),
}).meta({ id: 'Limits' });
