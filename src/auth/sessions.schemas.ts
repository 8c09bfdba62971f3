import { z } from 'zod';
import { page } from '../platform/http/page.js';

export const SessionAnswer = z
  .object({
    id: z.uuid(),
    device: z.string().meta({ description: 'The User-Agent of its client' }),
    address: z.string().meta({ example: '203.0.113.7' }),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().meta({ description: 'Exact to a minute' }),
    expiresAt: z.iso.datetime().meta({ description: 'Unless it is refreshed before' }),
    current: z.boolean().meta({ description: 'Whether it asks' }),
  })
  .meta({ id: 'Session' });
export type SessionAnswer = z.infer<typeof SessionAnswer>;
export const SessionPage = page(SessionAnswer).meta({ id: 'SessionPage' });
export const SessionParam = z.strictObject({ id: z.uuid() });
