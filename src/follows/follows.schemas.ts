import { z } from 'zod';
import { Relation } from '../users/users.schemas.js';

export const UnfollowQuery = z.strictObject({ keep: z.enum(['true', 'false']).default('false') });

export const FollowAnswer = Relation.extend({
  status: z
    .enum(['following', 'requested'])
    .meta({ description: '`requested`: the account is private, and got your request' }),
}).meta({ id: 'FollowAnswer' });
export type FollowAnswer = z.infer<typeof FollowAnswer>;
