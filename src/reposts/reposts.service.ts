import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { sql, type Statement } from '../platform/database/sql.js';
import { MovedCounts } from '../counters/moved-counts.service.js';
import { MediaAccess } from '../media/media-access.service.js';
import { MediaReader } from '../media/media-reader.service.js';
import { listedFor, visibleTo } from '../visibility/medias.js';
import { notBlocked, type ViewerId } from '../visibility/relations.js';
import { afterCursor, keyOf, keysetPage, pageOf, type Keyed, type Keyset } from '../platform/database/keyset.js';
import { Outbox } from '../platform/events/outbox.js';
import type { PageQuery } from '../platform/http/page.js';
import { refuseBeyond } from '../platform/limits/amounts.js';
import { Problem } from '../platform/http/problems.js';
import { ownerAnswer, type OwnerRow } from '../users/users.schemas.js';
import { UsersService } from '../users/users.service.js';
import { isActive } from '../visibility/accounts.js';

const newest: Keyset = { name: 'reposts', columns: [[sql.raw('r.id'), 'uuid']], direction: 'desc' };

interface ReposterRow extends Keyed, OwnerRow {
  createdAt: string;
}

/** Reposts: each is a row of its own, on the profile of the user who reposted. */
@Injectable()
export class RepostsService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly access: MediaAccess,
    private readonly reader: MediaReader,
    private readonly users: UsersService,
    private readonly moved: MovedCounts,
  ) {}

  /**
   * @returns whether the repost is new
   * @throws {Problem} `media_not_found`
   */
  async repost(userId: string, url: string): Promise<boolean> {
    const { id, isNew } = await this.em.transactional(async (em) => {
      const media = await this.access.hold(em, userId, url);
      const isNew = await this.change(
        media.id,
        userId,
        sql`insert into reposts (media_id, user_id) values (${media.id}, ${userId}) on conflict do nothing`,
      );
      if (isNew) await refuseBeyond(em, 'reposts', userId, sql`from reposts where user_id = ${userId}`);
      return { id: media.id, isNew };
    });
    if (isNew) this.moved.ofMedia(id);
    return isNew;
  }

  /** @throws {Problem} `media_not_found` */
  async withdraw(userId: string, url: string): Promise<void> {
    const isTheirs = sql<boolean>`exists (select 1 from reposts r where r.media_id = m.id and r.user_id = ${userId})`;
    const id = await this.em.transactional(async (em) => {
      const media = await this.access.holdToTakeBack(em, userId, url, isTheirs);
      await this.change(
        media.id,
        userId,
        sql`delete from reposts where media_id = ${media.id} and user_id = ${userId}`,
      );
      return media.id;
    });
    this.moved.ofMedia(id);
  }

  /**
   * Users who reposted a media, the latest first.
   * @throws {Problem} `media_not_found`
   */
  async reposters(viewer: ViewerId, url: string, { limit, cursor }: PageQuery) {
    const after = afterCursor(newest, cursor);
    const [media] = await sql<{ id: string }>`
      select m.id from medias m where m.url = ${url} and ${visibleTo(viewer)}`.all(this.em);
    if (!media) throw new Problem('media_not_found');
    const reposters = sql<ReposterRow>`
      select u.id as "userId", u.username, u.display_name as "displayName", u.profile_photo_id as "profilePhotoId",
        r.created_at as "createdAt", ${keyOf(newest)}
      from reposts r join users u on u.id = r.user_id
      where r.media_id = ${media.id} and ${isActive()} and ${notBlocked(viewer, 'u.id')} and ${after}`;
    const rows = await pageOf(reposters, newest, limit).all(this.em);
    return keysetPage(newest, rows, limit, (row) => ({
      user: ownerAnswer(row),
      createdAt: isoTime(row.createdAt),
    }));
  }

  /**
   * The medias that a user reposted, as far as the viewer may see them.
   * @throws {Problem} `user_not_found`, `private_account`
   */
  async ofUser(viewer: ViewerId, username: string, query: PageQuery) {
    const userId = await this.users.openTo(viewer, username);
    return this.reader.page(
      viewer,
      {
        keyset: newest,
        join: sql`join reposts r on r.media_id = m.id and r.user_id = ${userId}`,
        where: [
          userId === viewer ? visibleTo(viewer) : listedFor(viewer, false),
          notBlocked(viewer, sql<string>`${userId}::uuid`),
        ],
      },
      query,
      {
        columns: sql<{ repostedAt: string }>`r.created_at as "repostedAt"`,
        of: ({ repostedAt }) => ({ repostedAt: isoTime(repostedAt) }),
      },
    );
  }

  /**
   * Runs in the caller's transaction.
   * @returns whether a row was inserted or deleted
   */
  private async change(mediaId: string, userId: string, statement: Statement): Promise<boolean> {
    const rows = await sql`${statement} returning 1`.all(this.em);
    if (rows.length) await this.outbox.record('repost.changed', { mediaId, userId });
    return rows.length > 0;
  }
}
