import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { notBlocked } from '../visibility/relations.js';
import { Outbox } from '../platform/events/outbox.js';
import { read } from './texts.js';
import { isActive } from '../visibility/accounts.js';

const columns = { media_mentions: 'media_id', comment_mentions: 'comment_id' } as const;
type Table = keyof typeof columns;

/**
 * Stores the mentions of texts. Every method runs in the caller's transaction, which has locked what the text belongs
 * to.
 */
@Injectable()
export class MentionsService {
  constructor(private readonly outbox: Outbox) {}

  async ofMedia(em: EntityManager, mediaId: string, ownerId: string, ...texts: string[]): Promise<void> {
    if (await this.write(em, 'media_mentions', mediaId, ownerId, texts))
      await this.outbox.record('mentions.changed', { mediaId });
  }

  async ofComment(em: EntityManager, commentId: string, authorId: string, text: string): Promise<void> {
    await this.write(em, 'comment_mentions', commentId, authorId, [text]);
  }

  /** @returns whether the mentions changed */
  private async write(em: EntityManager, table: Table, id: string, author: string, texts: string[]): Promise<boolean> {
    const users = await this.users(em, author, read(...texts).names);
    const gone = await sql`
      delete from ${sql.ident(table)} where ${sql.ident(columns[table])} = ${id}
        and not (user_id = any(${users}::uuid[]))
      returning 1`.all(em);
    if (users.length === 0) return gone.length > 0;
    const added = await sql`
      insert into ${sql.ident(table)} (${sql.ident(columns[table])}, user_id)
      select ${id}, u.id from unnest(${users}::uuid[]) with ordinality n (id, place) join users u on u.id = n.id
      order by n.place for key share of u on conflict do nothing returning 1`.all(em);
    return gone.length + added.length > 0;
  }

  /** For each mention the likeliest user, without inactive accounts and those in a block with the author. */
  private async users(em: EntityManager, author: string, mentions: string[][]): Promise<string[]> {
    if (mentions.length === 0) return [];
    const rows = await sql<{ id: string; name: string }>`
      select u.id, lower(u.username) as name from users u
      where lower(u.username) = any(${[...new Set(mentions.flat())]}::text[]) and ${isActive()}
        and ${notBlocked(author, 'u.id')}`.all(em);
    const ids = new Map(rows.map(({ id, name }) => [name, id]));
    const named = mentions.map((candidates) => candidates.map((name) => ids.get(name)).find((id) => id !== undefined));
    return [...new Set(named.filter((id) => id !== undefined))];
  }
}
