import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { MediaReader, type MediaSource } from '../media/media-reader.service.js';
import { pageOf } from '../platform/database/keyset.js';
import { isoTime } from '../platform/database/iso-time.js';
import { sql, type Statement } from '../platform/database/sql.js';
import type { Viewer } from '../platform/http/viewer.js';
import { ownerAnswer, type OwnerRow } from '../users/users.schemas.js';
import { UsersService } from '../users/users.service.js';
import { isActive } from '../visibility/accounts.js';
import {
  candidatesOf,
  isCandidate,
  isToReadByOwner,
  orderOfCandidates,
  pageAmongCandidates,
} from '../visibility/candidates.js';
import { inFeedOfUser, type Reposts } from '../visibility/feeds.js';
import { isListedMedia } from '../visibility/medias.js';
import { follows, type ViewerId } from '../visibility/relations.js';
import type { verbs } from './activity.entity.js';
import { cursorAt, latest, newestOf, wanted } from './feed-page.js';
import type { FeedPage, FeedQuery } from './feeds.schemas.js';
import { TimelineService, type Place } from './timeline.service.js';

interface Row {
  seq: number;
  verb: (typeof verbs)[number];
  at: string;
  following: boolean;
  reposters: OwnerRow[] | null;
}

/** Of a place. */
type Stored = Pick<Place, 'mediaId' | 'isReposted'>;

/** Flat feeds: medias, each with what brought it there. One statement a page, however many are followed. */
@Injectable()
export class FeedsQueries {
  constructor(
    private readonly timelines: TimelineService,
    private readonly reader: MediaReader,
    private readonly users: UsersService,
  ) {}

  /** What everybody published. @param byOwner as of `candidatesOf` */
  async global(viewer: ViewerId, query: FeedQuery, byOwner = false): Promise<z.infer<typeof FeedPage>> {
    const { bounds, isOfType } = wanted(query);
    const rows = { ...posts, keyset: latest, where: [sql<boolean>`a.verb = 'post'`, bounds(sql`a.seq`), isOfType] };
    const isListed = isListedMedia(viewer);
    const candidates = { open: rows, closed: rows, near: rows, isListed };
    const keyset = orderOfCandidates(latest, 'c');
    const listed = sql`select c.* from (${candidatesOf(viewer, candidates, query.limit, byOwner)}) c
      where ${isCandidate([isListed(sql`c.id`)])}`;
    const parts = sql`page as materialized (${pageOf(listed, keyset, query.limit)})`;
    const page = sql`(select a.media_id, a.verb, a.seq, a.created_at, p.is_cut from page p join activities a on a.seq = p.k0)`;
    const facts = sql<object>`true as is_read`;
    const more = this.more(viewer, nobody);
    const { medias } = await this.reader.beside(
      viewer,
      { parts, source: page, facts, order: sql`a.seq desc` },
      {
        columns: sql<Row & { isCut: boolean }>`${more.columns}, a.is_cut as "isCut"`,
        of: (row: Row & { isCut: boolean }) => ({ ...more.of(row), isCut: row.isCut }),
      },
    );
    if (!byOwner && isToReadByOwner(viewer, medias)) return this.global(viewer, query, true);
    const found = medias.map((media) => ({ ...media, key: [media.seq] }));
    const { items, nextCursor } = pageAmongCandidates(latest, found, query.limit, (row) => row);
    return {
      items: items.map(({ isCut: _, key: __, ...item }) => withoutSeq(item)),
      nextCursor,
      newestCursor: newestOf(items[0], query.since),
    };
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
    const ask = wanted(query);
    const { parts, completeness } = this.timelines.stored(reader, ask);
    const more = this.more(reader, nobody);
    const { facts, medias } = await this.reader.beside(
      reader,
      { parts, source: sql`stored`, facts: completeness, order: sql`a.seq desc` },
      {
        columns: sql<Row & Stored>`${more.columns}, a.media_id as "mediaId", a.is_reposted as "isReposted"`,
        of: (row: Row & Stored) => ({ ...more.of(row), at: row.at, mediaId: row.mediaId, isReposted: row.isReposted }),
      },
    );
    await this.timelines.note(reader, ask, facts);
    const whole = this.timelines.page(ask, facts, medias);
    const { places, next, reposts } = whole ?? (await this.timelines.gather(reader, ask, facts));
    const shown = places.slice(0, query.limit);
    // Usually nothing is reposted: a plan that looks for reposters is half as large again, and takes as long to start.
    const isDone = whole && !shown.some(({ isReposted }) => isReposted);
    return {
      items: isDone ? whole.places.slice(0, query.limit).map(asItem) : await this.at(reader, shown, reposts),
      nextCursor: next === null ? null : cursorAt(next),
      newestCursor: newestOf(shown[0], query.since),
    };
  }

  /** The medias of these places, with who reposted them. */
  private async at(reader: string, places: Pick<Place, 'mediaId' | 'seq' | 'verb' | 'at'>[], reposts: Reposts) {
    if (!places.length) return [];
    const of = <K extends 'mediaId' | 'seq' | 'verb' | 'at'>(key: K) => places.map((place) => place[key]);
    const items = await this.reader.all(
      reader,
      sql`join unnest(${of('mediaId')}::uuid[], ${of('seq')}::bigint[], ${of('verb')}::text[], ${of('at')}::timestamptz[])
        as a (media_id, seq, verb, created_at) on a.media_id = m.id`,
      sql`a.seq desc`,
      this.more(reader, reposts(reader)),
    );
    return items.map(withoutSeq);
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
    // Of visible medias: their owners are active.
    const following = viewer === null ? sql`false` : follows(viewer, 'm.owner_id');
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

const posts = { from: sql`activities a`, id: sql`a.media_id`, owner: sql`a.actor_id`, reach: sql`a.reach` };
const nobody = sql`select null::uuid as actor_id, null::bigint as seq where false`;
const asItem = <T extends Stored & { seq: number; at: string }>({
  mediaId: _,
  isReposted: __,
  seq: ___,
  at,
  ...item
}: T) => ({
  ...item,
  at: isoTime(at),
});
const withoutSeq = <T extends { seq: number }>({ seq: _, ...item }: T) => item;
