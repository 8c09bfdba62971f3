import { by, type Holding } from '../platform/database/holding.js';
import { sql } from '../platform/database/sql.js';

export const follows: Holding = {
  table: 'follows',
  rows: by('follower_id', 'followee_id'),
  exportedBy: ['created_at', 'follower_id', 'followee_id'],
  without: ['id', 'is_counted'],
  why: 'Whom the account follows and who follows it; the others’ counters change.',
  // Their counters change; everybody locks users in the order of their ids.
  locks: (page) => [
    sql`
      select 1 from users where id in (select unnest(array[t.follower_id, t.followee_id]) ${page})
      order by id for no key update`,
  ],
};
