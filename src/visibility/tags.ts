import { sql, type Statement } from '../platform/database/sql.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import { listedFor } from './medias.js';
import { reachOf } from './reach.js';

/** A tag `t` that is on a publicly listed media: any other tag's name could reveal hidden content. */
export const isTagOpen = (): Statement<boolean> =>
  existsByKey(
    sql`from media_tags mt join medias m on m.id = mt.media_id where mt.tag_id = t.id and mt.reach = ${reachOf.all} and ${listedFor(null, false)} limit 1`,
  );
