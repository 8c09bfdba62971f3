import { Injectable } from '@nestjs/common';
import { MediaReader, type MediaSource } from '../media/media-reader.service.js';
import { isoTime } from '../platform/database/iso-time.js';
import { sql, type Statement } from '../platform/database/sql.js';
import type { Viewer } from '../platform/http/viewer.js';
import { ownerAnswer, type OwnerRow } from '../users/users.schemas.js';
import { UsersService } from '../users/users.service.js';
import { isActive } from '../visibility/accounts.js';
import { inFeedOfUser, repostsFor } from '../visibility/feeds.js';
import { listedFor } from '../visibility/medias.js';
import { isFollowed, type ViewerId } from '../visibility/relations.js';
import type { verbs } from './activity.entity.js';
import { latest, wanted, withNewest } from './feed-page.js';
import type { FeedQuery } from './feeds.schemas.js';
import { timelineOf } from './timeline.js';

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

  /** What those publish and repost whom the reader follows. */
  timeline(reader: string, query: FeedQuery) {
    const join = sql`join (${timelineOf(reader, wanted(query))}) a on a.media_id = m.id`;
    return this.page(reader, { join, where: [sql`true`] }, repostsFor(reader), query);
  }

  /** @param reposts of `m`, as rows `actor_id, seq` */
  private async page(
    viewer: ViewerId,
    source: Omit<MediaSource, 'keyset'>,
    reposts: Statement,
    { limit, cursor, since }: FeedQuery,
  ) {
    const following = viewer === null ? sql`false` : isFollowed(viewer, 'm.owner_id');
    const columns = sql<Row>`a.seq::float8 as seq, a.verb, a.created_at as at, ${following} as following,
      (select json_agg(json_build_object('username', o.username, 'displayName', o.display_name, 'profilePhotoId', o.profile_photo_id)
          order by r.seq desc)
        from (select * from (${reposts}) r order by r.seq desc limit 3) r
        join users o on o.id = r.actor_id and ${isActive('o')}) as reposters`;
    const found = await this.reader.page(
      viewer,
      { ...source, keyset: latest },
      { limit, cursor },
      {
        columns,
        of: ({ seq, verb, at, following, reposters }) => ({
          seq,
          verb,
          at: isoTime(at),
          repostedBy: (reposters ?? []).map(ownerAnswer),
          following,
        }),
      },
    );
    return withNewest(found, since);
  }
}

const nobody = sql`select a.actor_id, a.seq where false`;
