import { sql, type Statement } from '../platform/database/sql.js';
import { thereIs } from '../platform/database/there-is.js';
import { listedFor } from './medias.js';

/** A tag `t` that is on something which everybody meets in lists: else its name might tell of what is hidden. */
export const isTagOpen = (): Statement<boolean> =>
  thereIs(
    sql`from media_tags mt join medias m on m.id = mt.media_id where mt.tag_id = t.id and ${listedFor(null, false)} limit 1`,
  );
