import { z } from 'zod';

export const ProblemDocument = z
  .object({
    type: z
      .string()
      .meta({ description: 'Address of the documentation of this code', example: '/docs/problems#media_not_found' }),
    title: z.string().meta({ example: 'There is no such media, or you may not see it' }),
    status: z.int().meta({ example: 404 }),
    detail: z.string().meta({ description: 'What happened in this case, and what to do' }),
    code: z.string().meta({ description: 'Stable; programs should rely on it', example: 'media_not_found' }),
    reason: z
      .string()
      .optional()
      .meta({ description: 'A more specific reason where there is one, as `too_many_pixels`' }),
    instance: z.string().optional().meta({ description: 'The request id; quote it when you report the problem' }),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document' });
