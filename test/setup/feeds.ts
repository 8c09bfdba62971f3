import { randomBytes } from 'node:crypto';
import type { Client, Json } from './client.js';
import type { Vitrine } from './vitrine.js';

/** Published as a worker does it, without files: the row, and the event in the same transaction. @returns its url */
export async function post({ db }: Vitrine, ownerId: string, more: { type?: string; visibility?: string } = {}) {
  const url = randomBytes(8).toString('hex');
  await db.query(
    `with media as (
       insert into medias (url, owner_id, type, visibility, shown, status, published_at)
       values ($1, $2, $3, $4, true, 'ready', now()) returning id, owner_id)
     insert into outbox_events (name, payload)
       select 'media.published', jsonb_build_object('mediaId', id, 'ownerId', owner_id) from media`,
    [url, ownerId, more.type ?? 'photo', more.visibility ?? 'public'],
  );
  return url;
}

export interface Place {
  url: string;
  actor: string;
  verb: string;
  day: string;
}

/**
 * What a timeline has to be, said once more and plainly: over follows, medias and reposts, whatever was written in
 * advance. The rows of `feed_sources` say no more than where a follow began to count.
 */
export async function timelineByRows({ db }: Vitrine, readerId: string): Promise<Place[]> {
  const { rows } = await db.query<Place>(
    `with reach as (
       select s.actor_id, s.from_seq, s.to_seq from feed_sources s where s.reader_id = $1 and (s.to_seq is not null
         or exists (select from follows f where f.follower_id = $1 and f.followee_id = s.actor_id and f.accepted_at is not null))),
     did as (
       select id as media_id, owner_id as actor_id, 'post' as verb from medias where shown
       union all select media_id, user_id, 'repost' from reposts),
     placed as (
       select d.*, a.seq, a.day from did d join activities a using (media_id, actor_id, verb) join reach r using (actor_id)
       where a.seq >= r.from_seq and (r.to_seq is null or a.seq <= r.to_seq)),
     strangers as (
       select u.id from users u where u.disabled_at is not null
         or exists (select from blocks b where (b.blocker_id, b.blocked_id) in (($1, u.id), (u.id, $1)))
         or exists (select from mutes where muter_id = $1 and muted_id = u.id)),
     met as (
       select p.* from placed p join medias m on m.id = p.media_id join users o on o.id = m.owner_id
       where m.shown and m.visibility in ('public', 'followers') and p.actor_id not in (select id from strangers)
         and m.owner_id not in (select id from strangers)
         and (m.owner_id = $1 or (m.visibility = 'public' and not o.is_private)
           or exists (select from follows f where f.follower_id = $1 and f.followee_id = m.owner_id and f.accepted_at is not null)))
     select m.url, u.username as actor, met.verb, met.day::text as day
     from met join medias m on m.id = met.media_id join users u on u.id = met.actor_id
     where not exists (select from met later where later.media_id = met.media_id and later.seq > met.seq)
     order by met.seq desc`,
    [readerId],
  );
  return rows;
}

/** The same by actor, verb and day, as one line each, with the latest ten. */
export function groupsOf(places: Place[]): string[] {
  const groups = Map.groupBy(places, ({ actor, verb, day }) => `${actor} ${verb} ${day}`);
  return [...groups].map(
    ([key, medias]) =>
      `${key}: ${medias
        .slice(0, 10)
        .map(({ url }) => url)
        .join()}`,
  );
}

/** As a client reads it, from page to page. */
export const readTimeline = async (client: Client, limit: number): Promise<string[]> =>
  (await client.all('/api/feeds/timeline', limit)).map(({ url, verb }) => `${verb} ${url}`);

export const readGroups = async (client: Client, limit: number): Promise<string[]> =>
  (await client.all('/api/feeds/timeline-aggregated', limit)).map(
    ({ actor, verb, day, medias }) => `${actor.username} ${verb} ${day}: ${medias.map(({ url }: Json) => url).join()}`,
  );
