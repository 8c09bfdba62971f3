import { z } from 'zod';
import { mediaTypes } from '../media/media.entity.js';
import { MediaAnswer } from '../media/media.schemas.js';
import { page, SinceQuery } from '../platform/http/page.js';
import { Owner } from '../users/users.schemas.js';
import { verbs } from './activity.entity.js';

export const FeedQuery = SinceQuery.extend({ type: z.enum([...mediaTypes, 'any']).default('any') });
export type FeedQuery = z.infer<typeof FeedQuery>;

const NewestCursor = z.string().nullable().meta({
  description:
    'For `since`: of the first item, or `since` itself where nothing is newer. Whatever is published later is newer',
});
const At = z.iso.datetime().meta({ description: 'When it was published or reposted' });

export const FeedItem = MediaAnswer.extend({
  verb: z.enum(verbs).meta({ description: 'What brought it here' }),
  at: At,
  repostedBy: z.array(Owner).meta({ description: 'The latest three; in a timeline, of those you follow' }),
  following: z.boolean().meta({ description: 'Whether you follow its owner' }),
}).meta({ id: 'FeedItem' });
export const FeedPage = page(FeedItem).extend({ newestCursor: NewestCursor }).meta({ id: 'FeedPage' });

/** Of one group. */
export const maxMedias = 10;

export const FeedGroup = z
  .object({
    actor: Owner,
    verb: z.enum(verbs),
    day: z.iso.date().meta({ description: 'UTC' }),
    at: At,
    count: z.int().meta({ description: 'How many medias; 100 stands for that many or more' }),
    medias: z.array(MediaAnswer).meta({ description: `The latest ${maxMedias}` }),
  })
  .meta({ id: 'FeedGroup' });
export const FeedGroupPage = page(FeedGroup).extend({ newestCursor: NewestCursor }).meta({ id: 'FeedGroupPage' });
