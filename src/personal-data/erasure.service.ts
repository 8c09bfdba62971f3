import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import { FilesService } from '../files/files.service.js';
import { Outbox } from '../platform/events/outbox.js';
import { inventory, rowsOf, type Holding } from './inventory.js';

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
    await this.em.execute(
      'update users set profile_photo_id = null, channel_photo_id = null where id = ? and deleted_at is not null',
      [userId],
    );
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
      const rows = await em.execute<unknown[]>(
        `update users set erased_at = now(), display_name = '', bio = '', color = null, pronouns = null, links = '[]', birthday = null
         where id = ? and deleted_at is not null and erased_at is null returning id`,
        [userId],
      );
      if (rows.length) await this.outbox.record('account.erased', { userId });
    });
  }

  /** The last row. @throws {NotYet} */
  async forget(userId: string): Promise<void> {
    await this.em.transactional(async (em) => {
      await this.expectNothingLeft(em, userId);
      await em.execute('delete from users where id = ? and erased_at is not null', [userId]);
    });
  }

  /** The account's row is locked first: nothing can be added to it from then on. */
  private async expectNothingLeft(em: EntityManager, userId: string): Promise<void> {
    await em.execute('select 1 from users where id = ? for update', [userId]);
    for (const holding of erased) {
      const { where, params } = rowsOf(holding, userId);
      const left = await em.execute<unknown[]>(`select 1 from ${holding.table} t where ${where} limit 1`, params);
      if (left.length) throw new NotYet(holding.table);
    }
  }

  /** Closed accounts that no job takes care of any more. */
  async left(): Promise<{ userId: string; isErased: boolean }[]> {
    return this.em.execute(
      `select id as "userId", erased_at is not null as "isErased" from users
       where deleted_at < now() - interval '5 minutes' and (erased_at is null or erased_at < now() - interval '6 hours') limit 100`,
    );
  }

  /** @returns how many rows are gone */
  private async eraseSlice(em: EntityManager, holding: Holding, userId: string): Promise<number> {
    const { table } = holding;
    const { where, params } = rowsOf(holding, userId);
    // A view that was acknowledged is counted first; until then the account is not done (NotYet).
    const settled = table === 'views' ? 'and t.pending = 0 and t.pending_ms = 0' : '';
    const chosen = `select t.ctid from ${table} t where ${where} ${settled} limit ${slice} for update`;
    if (table === 'files') {
      const files = await em.execute<{ id: string }[]>(
        `select t.id from files t where t.owner_id = ? order by t.id limit ${slice} for update`,
        [userId],
      );
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
      await em.execute(
        `update uploads set expires_at = now() where owner_id = ? and state = 'open' and expires_at > now()`,
        [userId],
      );
      const settled = await em.execute<unknown[]>(
        `delete from uploads where owner_id = ? and state = 'settled' returning 1`,
        [userId],
      );
      return settled.length;
    }
    if (hanging.has(table)) {
      // Medias first, as everywhere: see MediaAccess.
      await em.execute(
        `select 1 from medias where id in (select t.media_id from ${table} t where ${where} limit ${slice}) order by id for no key update`,
        params,
      );
    }
    if (table === 'follows') {
      // The counters of those on the other side move; everybody locks two in the order of their ids.
      await em.execute(
        `select 1 from users where id in (select unnest(array[t.follower_id, t.followee_id]) from follows t where ${where} limit ${2 * slice})
         order by id for no key update`,
        params,
      );
    }
    if (table === 'playlist_items') {
      // Playlists before their items, as everywhere.
      await em.execute('select 1 from playlists where owner_id = ? order by id for no key update', [userId]);
    }
    if (table === 'medias') return this.eraseMedias(em, userId);
    if (table === 'comments') return this.eraseComments(em, userId);
    const gone = await em.execute<unknown[]>(`delete from ${table} where ctid in (${chosen}) returning 1`, params);
    return gone.length;
  }

  /** Medias before the playlists they are in, whose counters move: all of a slice in one order. */
  private async eraseMedias(em: EntityManager, userId: string): Promise<number> {
    const medias = await em.execute<{ id: string }[]>(
      `select t.id from medias t where t.owner_id = ? order by t.id limit ${slice} for update`,
      [userId],
    );
    const ids = `{${medias.map(({ id }) => id).join()}}`;
    await em.execute(
      `select 1 from playlists where id in (select playlist_id from playlist_items where media_id = any(?::uuid[]))
       order by id for no key update`,
      [ids],
    );
    await em.execute('delete from medias where id = any(?::uuid[])', [ids]);
    return medias.length;
  }

  /** What was answered stays without its words; the rest goes. */
  private async eraseComments(em: EntityManager, userId: string): Promise<number> {
    const comments = await em.execute<{ id: string; media_id: string }[]>(
      `select t.id, t.media_id from comments t where t.author_id = ? order by t.id limit ${slice}`,
      [userId],
    );
    const ids = `{${comments.map(({ id }) => id).join()}}`;
    // Medias first, as everywhere: see MediaAccess.
    await em.execute('select 1 from medias where id = any(?::uuid[]) order by id for no key update', [
      `{${comments.map(({ media_id }) => media_id).join()}}`,
    ]);
    await em.execute('select 1 from comments where id = any(?::uuid[]) order by id for update', [ids]);
    await em.execute(
      'delete from comments c where id = any(?::uuid[]) and not exists (select 1 from comments r where r.parent_id = c.id)',
      [ids],
    );
    await em.execute(
      `update comments set author_id = null, text = '', attachment_id = null, deleted_at = now() where id = any(?::uuid[])`,
      [ids],
    );
    return comments.length;
  }
}
