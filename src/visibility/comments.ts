import { sql, type Statement } from '../platform/database/sql.js';
import { existsByKey } from '../platform/database/exists-by-key.js';
import { isActive } from './accounts.js';
import { visibleTo } from './medias.js';
import { notBlocked, type ViewerRef } from './relations.js';

/** A comment on a media that the viewer may see; its author may be deleted, but not blocked or disabled. */
export const commentVisibleTo = (viewer: ViewerRef, c = 'c', m = 'm'): Statement<boolean> => sql<boolean>`(
  ${visibleTo(viewer, m)}
  and (${sql.ident(c, 'author_id')} is null or (
    ${existsByKey(sql`from users a where a.id = ${sql.ident(c, 'author_id')} and ${isActive('a')}`)}
    and ${notBlocked(viewer, `${c}.author_id`)})))`;
