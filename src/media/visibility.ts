import { sql, type RawBuilder } from 'kysely';

/** Null for a stranger. */
export type ViewerId = string | null;

const column = (alias: string, name: string) => sql.ref(`${alias}.${name}`);

/** Anybody with the address may see it: its bytes may be cached by everybody. `m` is the alias of `medias`. */
export const isOpen = (m = 'm'): RawBuilder<boolean> => sql<boolean>`(
  ${column(m, 'shown')} and ${column(m, 'visibility')} in ('public', 'unlisted')
  and exists (select 1 from users o where o.id = ${column(m, 'owner_id')} and o.disabled_at is null and not o.is_private))`;

/** THE rule of who may see a media; every query that can show one goes through here. */
export const visibleTo = (viewer: ViewerId, m = 'm'): RawBuilder<boolean> =>
  viewer === null
    ? isOpen(m)
    : sql<boolean>`(
        ${column(m, 'owner_id')} = ${viewer}
        or ${isOpen(m)}
        or (${column(m, 'shown')} and ${column(m, 'visibility')} <> 'private'
          and exists (select 1 from users o where o.id = ${column(m, 'owner_id')} and o.disabled_at is null)
          and exists (select 1 from follows f where f.follower_id = ${viewer} and f.followee_id = ${column(m, 'owner_id')}
            and f.accepted_at is not null)))`;

/** Shown in lists: unlisted and private things only to their owner, and only among the owner's own. */
export const listedFor = (viewer: ViewerId, ownList: boolean, m = 'm'): RawBuilder<boolean> =>
  ownList
    ? sql<boolean>`(${visibleTo(viewer, m)} and (${column(m, 'visibility')} <> 'unlisted' or ${column(m, 'owner_id')} = ${viewer}))`
    : sql<boolean>`(${visibleTo(viewer, m)} and ${column(m, 'visibility')} in ('public', 'followers') and ${column(m, 'shown')})`;
