import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Live } from '../platform/realtime/live.js';
import { sql } from '../platform/database/sql.js';
import { notBlocked, notMuted } from '../visibility/relations.js';
import { setDue, wantsPush } from './due-pushes.js';
import { kinds } from './kinds.js';
import { lockActorsShared } from './actors.js';
import { isActive } from '../visibility/accounts.js';

/** Followers per page. */
const slice = 1_000;
const first = '00000000-0000-0000-0000-000000000000';

/** Notifies all followers of a new media, page by page. Each page may run twice. */
@Injectable()
export class AnnouncingService {
  constructor(
    private readonly em: EntityManager,
    private readonly live: Live,
  ) {}

  /** @returns the last follow of the page, if there are more */
  announce(mediaId: string, after = first): Promise<string | undefined> {
    return this.em.transactional(async (em) => {
      this.live.expect();
      const medias = await sql<{ owner_id: string }>`
        select owner_id from medias
        where id = ${mediaId} and shown and visibility in ('public', 'followers') for key share`.all(em);
      if (!medias[0]) return undefined;
      const owner = medias[0].owner_id;
      await lockActorsShared([owner]).all(em);
      // Mentioned followers get the mention instead; notified ones are skipped, even if their notification is gone.
      const rows = await sql<{ last: string | null }>`
        with followers as materialized (
          select f.id, f.follower_id as user_id, coalesce(p.in_app, true) as in_app,
            coalesce(p.email, ${kinds.media_published.email}) as mail,
            ${wantsPush('f.follower_id', sql`'media_published'`)} as push, ${isActive()}
              and ${notBlocked(sql.ident<string>('f.follower_id'), 'f.followee_id')}
                and ${notMuted(sql.ident<string>('f.follower_id'), 'f.followee_id')}
              and not exists (select 1 from media_mentions mm where mm.media_id = ${mediaId}
                and mm.user_id = f.follower_id)
              and not exists (select 1 from notification_entries e where e.act = 'media' and e.subject_id = ${mediaId}
                and e.actor_id = ${owner} and e.user_id = f.follower_id) as wanted
          from follows f join users u on u.id = f.follower_id
          left join notification_preferences p on p.user_id = f.follower_id and p.kind = 'media_published'
          where f.followee_id = ${owner} and f.accepted_at is not null and f.id > ${after}
          order by f.id limit ${slice}),
        lines as (
          insert into notifications (user_id, kind, in_app, media_id, asker_id)
          select user_id, 'media_published', in_app, ${mediaId}::uuid, ${owner}::uuid from followers
          where wanted and (in_app or mail or push) order by user_id
          on conflict do nothing returning id, user_id, kind, media_id, comment_id, file_id, asker_id),
        entries as (
          insert into notification_entries (notification_id, user_id, actor_id, act, subject_id, mail)
          select l.id, l.user_id, ${owner}::uuid, 'media', ${mediaId}::uuid, f.mail from lines l
            join followers f using (user_id)
          on conflict do nothing returning notification_id, user_id, actor_id),
        pushes as (${setDue(sql`
          select l.*, e.actor_id from entries e join lines l on l.id = e.notification_id
          join followers f on f.user_id = e.user_id and f.push`)})
        select case when count(*) = ${slice} then max(id::text) end as last from followers`.all(em);
      return rows[0]!.last ?? undefined;
    });
  }
}
