import { z } from 'zod';
import { Standing } from '../users/users.schemas.js';

export const FollowAnswer = Standing.extend({
  status: z.enum(['following', 'requested']).meta({ description: '`requested`: the account is private, and asked' }),
}).meta({ id: 'FollowAnswer' });
export type FollowAnswer = z.infer<typeof FollowAnswer>;
