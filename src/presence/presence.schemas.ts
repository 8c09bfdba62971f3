import { z } from 'zod';

export const PresenceAnswer = z
  .object({
    username: z.string(),
    online: z.boolean().nullable().meta({ description: 'Null: the user does not show it to you' }),
    lastSeenAt: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'Null while online, where it is not shown, and if it was never' }),
  })
  .meta({ id: 'Presence' });
export type PresenceAnswer = z.infer<typeof PresenceAnswer>;
