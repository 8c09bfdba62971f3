import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import { FilesService } from '../files/files.service.js';
import { Outbox } from '../platform/events/outbox.js';
import { inventory, type Holding } from './inventory.js';
import { sql } from '../platform/database/sql.js';

const slice = 500;

const erased = inventory.filter(({ table }) => table !== 'users');

/** What counts for a media: its row moves along. */
const hanging = new Set(['reactions', 'reposts', 'saves']);

/** Something still belongs to the account: an upload that is not swept yet, a request that was quicker. */
class NotYet extends Error {
  constructor(table: string) {
    super(`${table} still holds rows of the account`);
  }
}

/** Takes an account away. Everything may run twice and be broken off anywhere: what is left is done by the next run. */
@Injectable()
export class ErasureService {
  private readonly logger = new Logger('PersonalData');

  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly files: FilesService,
  ) {}

  /**
   * All of a closed account but the row that says where the last mail goes.
   * @throws {NotYet} while something can't be taken: to be tried again
   */
  async erase(userId: string, signal: AbortSignal): Promise<void> {
    // A profile keeps the files it shows.
    await sql`
      update users set profile_photo_id = null, channel_photo_id = null where id = ${userId}
        and deleted_at is not null`.all(this.em);
    const counts: Record<string, number> = {};
    for (const holding of erased) {
      let gone: number;
      do {
        signal.throwIfAborted();
        gone = await this.em.transactional((em) => this.eraseSlice(em, holding, userId));
        counts[holding.table] = (counts[holding.table] ?? 0) + gone;
      } while (gone === slice);
    }
    this.logger.log({ userId, counts }, 'account erased');
    await this.em.transactional(async (em) => {
      await this.expectNothingLeft(em, userId);
      const rows = await sql`
        update users set erased_at = now(), display_name = '', bio = '', color = null, pronouns = null, links =
          '[]', birthday = null
        where id = ${userId} and deleted_at is not null and erased_at is null returning id`.all(em);
      if (rows.length) await this.outbox.record('account.erased', { userId });
    });
  }

  /** The last row. @throws {NotYet} */
  async forget(userId: string): Promise<void> {
    await this.em.transactional(async (em) => {
      await this.expectNothingLeft(em, userId);
      await sql`delete from users where id = ${userId} and erased_at is not null`.all(em);
    });
  }

  /** The account's row is locked first: nothing can be added to it from then on. */
  private async expectNothingLeft(em: EntityManager, userId: string): Promise<void> {
    await sql`select 1 from users where id = ${userId} for update`.all(em);
    for (const holding of erased) {
      const { table, rows } = holding;
      const left = await sql`select 1 from ${sql.ident(table)} t where ${rows(userId)} limit 1`.all(em);
      if (left.length) throw new NotYet(table);
    }
  }

  /** Closed accounts that no job takes care of any more. */
  async left(): Promise<{ userId: string; isErased: boolean }[]> {
    return sql<{ userId: string; isErased: boolean }>`
      select id as "userId", erased_at is not null as "isErased" from users
      where deleted_at < now() - interval '5 minutes' and (erased_at is null
        or erased_at < now() - interval '6 hours') limit 100`.all(this.em);
  }

  /** @returns how many rows are gone */
  private async eraseSlice(em: EntityManager, holding: Holding, userId: string): Promise<number> {
    const { table } = holding;
    const [from, where] = [sql.ident(table), holding.rows(userId)];
    // A view that was acknowledged is counted first; until then the account is not done (NotYet).
    const settled = table === 'views' ? sql`and t.pending = 0 and t.pending_ms = 0` : sql``;
    const chosen = sql`select t.ctid from ${from} t where ${where} ${settled} limit ${slice} for update`;
    if (table === 'files') {
      const files = await sql<{ id: string }>`
        select t.id from files t where t.owner_id = ${userId} order by t.id limit ${slice} for update`.all(em);
      // Bytes go with them, by events of each.
      if (files.length)
        await this.files.deleteRows(
          em,
          files.map(({ id }) => id),
        );
      return files.length;
    }
    if (table === 'uploads') {
      // Their bytes lie where they came in; the sweeper of uploads takes both.
      await sql`
        update uploads set expires_at = now() where owner_id = ${userId} and state = 'open'
          and expires_at > now()`.all(em);
      const settled = await sql`
        delete from uploads where owner_id = ${userId} and state = 'settled' returning 1`.all(em);
      return settled.length;
    }
    if (hanging.has(table)) {
      // Medias first, as everywhere: see MediaAccess.
      await sql`
        select 1 from medias where id in (select t.media_id from ${from} t where ${where} limit ${slice})
        order by id for no key update`.all(em);
    }
    if (table === 'follows') {
      // The counters of those on the other side move; everybody locks two in the order of their ids.
      await sql`
        select 1 from users where id in (
          select unnest(array[t.follower_id, t.followee_id]) from follows t where ${where} limit ${2 * slice})
        order by id for no key update`.all(em);
    }
    if (table === 'playlist_items') {
      // Playlists before their items, as everywhere.
      await sql`select 1 from playlists where owner_id = ${userId} order by id for no key update`.all(em);
    }
    if (table === 'medias') return this.eraseMedias(em, userId);
    if (table === 'comments') return this.eraseComments(em, userId);
    const gone = await sql`delete from ${from} where ctid in (${chosen}) returning 1`.all(em);
    return gone.length;
  }

  /** Medias before the playlists they are in, whose counters move: all of a slice in one order. */
  private async eraseMedias(em: EntityManager, userId: string): Promise<number> {
    const medias = await sql<{ id: string }>`
      select t.id from medias t where t.owner_id = ${userId} order by t.id limit ${slice} for update`.all(em);
    const ids = medias.map(({ id }) => id);
    await sql`
      select 1 from playlists where id in (select playlist_id from playlist_items
        where media_id = any(${ids}::uuid[]))
      order by id for no key update`.all(em);
    await sql`delete from medias where id = any(${ids}::uuid[])`.all(em);
    return medias.length;
  }

  /** What was answered stays without its words; the rest goes. */
  private async eraseComments(em: EntityManager, userId: string): Promise<number> {
    const comments = await sql<{ id: string; media_id: string }>`
      select t.id, t.media_id from comments t where t.author_id = ${userId} order by t.id limit ${slice}`.all(em);
    const ids = comments.map(({ id }) => id);
    // Medias first, as everywhere: see MediaAccess.
    await sql`
      select 1 from medias where id = any(${comments.map(({ media_id }) => media_id)}::uuid[])
        order by id for no key update`.all(em);
    await sql`select 1 from comments where id = any(${ids}::uuid[]) order by id for update`.all(em);
    await sql`
      delete from comments c where id = any(${ids}::uuid[]) and not exists (select 1 from comments r
        where r.parent_id = c.id)`.all(em);
    await sql`
      update comments set author_id = null, text = '', attachment_id = null, deleted_at = now()
        where id = any(${ids}::uuid[])`.all(em);
    return comments.length;
  }
}
