import { Injectable } from '@nestjs/common';
import { MediaReader, type MediaSource } from '../media/media-reader.service.js';
import { isoTime } from '../platform/database/iso-time.js';
import { sql, type Statement } from '../platform/database/sql.js';
import type { Viewer } from '../platform/http/viewer.js';
import { ownerAnswer, type OwnerRow } from '../users/users.schemas.js';
import { UsersService } from '../users/users.service.js';
import { isActive } from '../visibility/accounts.js';
import { inFeedOfUser } from '../visibility/feeds.js';
import { listedFor } from '../visibility/medias.js';
import { isFollowed, type ViewerId } from '../visibility/relations.js';
import type { verbs } from './activity.entity.js';
import { cursorAt, latest, newestOf, wanted } from './feed-page.js';
import type { FeedQuery } from './feeds.schemas.js';
import { TimelineService, type Place } from './timeline.service.js';

interface Row {
  seq: number;
  verb: (typeof verbs)[number];
  at: string;
  following: boolean;
  reposters: OwnerRow[] | null;
}

/** Flat feeds: medias, each with what brought it there. One statement a page, however many are followed. */
@Injectable()
export class FeedsQueries {
  constructor(
    private readonly timelines: TimelineService,
    private readonly reader: MediaReader,
    private readonly users: UsersService,
  ) {}

  /** What everybody published. */
  global(viewer: ViewerId, query: FeedQuery) {
    const { bounds, isOfType } = wanted(query);
    const join = sql`join activities a on a.media_id = m.id and a.verb = 'post'`;
    const where = [listedFor(viewer, false), bounds(sql`a.seq`), isOfType];
    return this.page(viewer, { join, where }, nobody, query);
  }

  /** What one user published and reposted. @throws {Problem} `user_not_found`, `private_account`, `not_signed_in` */
  async ofUser(viewer: Viewer | null, username: string, query: FeedQuery) {
    const { bounds, isOfType } = wanted(query);
    const viewerId = viewer?.id ?? null;
    const userId = await this.users.openTo(viewerId, username);
    const join = sql`join activities a on a.media_id = m.id and a.actor_id = ${userId}`;
    const where = [inFeedOfUser(viewerId), bounds(sql`a.seq`), isOfType];
    return this.page(viewerId, { join, where }, sql`select a.actor_id, a.seq where a.verb = 'repost'`, query);
  }

  /** What the users publish and repost whom the reader follows. */
  async timeline(reader: string, query: FeedQuery) {
    const { places, next, reposts } = await this.timelines.read(reader, wanted(query));
    const shown = places.slice(0, query.limit);
    const of = <K extends keyof Place>(key: K) => shown.map((place) => place[key]);
    const items = shown.length
      ? await this.reader.all(
          reader,
          sql`join unnest(${of('mediaId')}::uuid[], ${of('seq')}::bigint[], ${of('verb')}::text[], ${of('at')}::timestamptz[])
            as a (media_id, seq, verb, created_at) on a.media_id = m.id`,
          sql`a.seq desc`,
          // Usually none is: without looking for reposters the plan is a third smaller, and starts as much faster.
          this.more(reader, shown.some(({ isReposted }) => isReposted) ? reposts(reader) : nobody),
        )
      : [];
    return {
      items: items.map(withoutSeq),
      nextCursor: next === null ? null : cursorAt(next),
      newestCursor: newestOf(shown[0], query.since),
    };
  }

  /** @param reposts of `m`, as rows `actor_id, seq` */
  private async page(
    viewer: ViewerId,
    source: Omit<MediaSource, 'keyset'>,
    reposts: Statement,
    { limit, cursor, since }: FeedQuery,
  ) {
    const more = this.more(viewer, reposts);
    const { items, nextCursor } = await this.reader.page(
      viewer,
      { ...source, keyset: latest },
      { limit, cursor },
      more,
    );
    return { items: items.map(withoutSeq), nextCursor, newestCursor: newestOf(items[0], since) };
  }

  /** What brought the media `m` there, by the activity `a`. */
  private more(viewer: ViewerId, reposts: Statement) {
    const following = viewer === null ? sql`false` : isFollowed(viewer, 'm.owner_id');
    return {
      columns: sql<Row>`a.seq::float8 as seq, a.verb, a.created_at as at, ${following} as following,
        (select json_agg(json_build_object('userId', o.id, 'username', o.username, 'displayName', o.display_name, 'profilePhotoId', o.profile_photo_id)
            order by r.seq desc)
          from (select * from (${reposts}) r order by r.seq desc limit 3) r
          join users o on o.id = r.actor_id and ${isActive('o')}) as reposters`,
      of: ({ seq, verb, at, following, reposters }: Row) => ({
        seq,
        verb,
        at: isoTime(at),
        repostedBy: (reposters ?? []).map(ownerAnswer),
        following,
      }),
    };
  }
}

const nobody = sql`select null::uuid as actor_id, null::bigint as seq where false`;
const withoutSeq = <T extends { seq: number }>({ seq: _, ...item }: T) => item;
