import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { sql, type Statement } from '../platform/database/sql.js';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { isActive, isNamed } from '../visibility/accounts.js';
import { mayWriteTo } from '../visibility/chats.js';
import { follows } from '../visibility/relations.js';
import type { Folder } from './chat.entity.js';

/** A chat, as the viewer has it. */
export interface ChatSide {
  chatId: string;
  partnerId: string | null;
  lastSeq: number;
  clearedSeq: number;
  deliveredSeq: number;
  folder: Folder;
}

/** What may be done in a chat, read under its lock. */
export interface Standing {
  /** Folders of the viewer and of the partner. */
  mine: Folder;
  theirs: Folder;
  isBlocking: boolean;
  isBlocked: boolean;
  allowed: boolean;
  /** The partner follows the viewer. */
  isFollowed: boolean;
}

/** Of somebody who waits for an answer. */
export const maxUnanswered = 3;

const isId = (to: string) => z.uuid().safeParse(to).success;
const named = (to: string): Statement<boolean> =>
  isId(to)
    ? sql<boolean>`me.chat_id = ${to}::uuid`
    : sql<boolean>`me.partner_id = (select u.id from users u where ${isNamed(to)} and ${isActive()})`;

/** The first step of everything in a chat: which one it is, and what may be done there. */
@Injectable()
export class ChatAccess {
  constructor(private readonly em: EntityManager) {}

  /** @param to username or id of the chat. @throws {Problem} `chat_not_found` */
  async find(viewer: string, to: string): Promise<ChatSide> {
    const [side] = await sql<ChatSide>`
      select me.chat_id as "chatId", me.partner_id as "partnerId", me.last_seq as "lastSeq", me.cleared_seq as "clearedSeq",
        me.last_delivered_seq as "deliveredSeq", me.folder
      from chat_members me where me.user_id = ${viewer} and ${named(to)}`.all(this.em);
    if (!side) throw new Problem('chat_not_found');
    return side;
  }

  /**
   * The same, and until the transaction ends nobody else changes anything in the chat.
   * @throws {Problem} `chat_not_found`
   */
  async hold(em: EntityManager, viewer: string, to: string): Promise<ChatSide> {
    const { chatId } = await this.find(viewer, to);
    await sql`select 1 from chats where id = ${chatId} for no key update`.all(em);
    // Again, so that it sees what was committed while the lock was waited for.
    return this.find(viewer, chatId);
  }

  /**
   * To write to somebody: the chat is made if there is none.
   * @throws {Problem} `yourself`; `cannot_message` for whoever is not there, whatever the reason
   */
  async open(em: EntityManager, viewer: Viewer, to: string): Promise<{ chatId: string; partnerId: string }> {
    const partnerId = await this.partner(viewer, to);
    const [low, high] = [viewer.id, partnerId].toSorted() as [string, string];
    const lock = sql<{ id: string }>`
      select id from chats where low_id = ${low} and high_id = ${high} for no key update`;
    let [chat] = await lock.all(em);
    if (!chat) {
      await sql`insert into chats (low_id, high_id) values (${low}, ${high}) on conflict do nothing`.all(em);
      [chat] = await lock.all(em);
      await sql`
        insert into chat_members (chat_id, user_id, partner_id, folder)
        select ${chat!.id}, x.user_id, x.partner_id,
          case when x.user_id = ${viewer.id}::uuid or ${follows(sql.ident<string>('x.user_id'), 'x.partner_id')} then 'inbox' else 'requests' end
        from (values (${low}::uuid, ${high}::uuid), (${high}::uuid, ${low}::uuid)) as x (user_id, partner_id)
        on conflict do nothing`.all(em);
    }
    return { chatId: chat!.id, partnerId };
  }

  /** To be read under the chat's lock. @throws {Problem} `cannot_message` when the viewer's account is being deleted */
  async standing(em: EntityManager, viewer: string, chatId: string): Promise<Standing> {
    const [standing] = await sql<Standing>`
      select me.folder as mine, them.folder as theirs,
        exists (select 1 from blocks b where b.blocker_id = me.user_id and b.blocked_id = me.partner_id) as "isBlocking",
        exists (select 1 from blocks b where b.blocker_id = me.partner_id and b.blocked_id = me.user_id) as "isBlocked",
        ${follows(sql.ident<string>('me.partner_id'), 'me.user_id')} as "isFollowed",
        coalesce(${isActive('p')} and ${mayWriteTo('p', 'them', 'me.user_id')}, false) as allowed
      from chat_members me
      left join chat_members them on them.chat_id = me.chat_id and them.user_id = me.partner_id
      left join users p on p.id = me.partner_id
      where me.chat_id = ${chatId} and me.user_id = ${viewer}`.all(em);
    if (!standing) throw new Problem('cannot_message');
    return standing;
  }

  /**
   * @returns the standing, if the two may do something together
   * @throws {Problem} `blocked`, `cannot_message`
   */
  async mayAct(em: EntityManager, viewer: string, chatId: string): Promise<Standing> {
    const standing = await this.standing(em, viewer, chatId);
    if (standing.isBlocking) throw new Problem('blocked');
    if (standing.isBlocked || !standing.allowed) throw new Problem('cannot_message');
    return standing;
  }

  private async partner(viewer: Viewer, to: string): Promise<string> {
    if (to === 'me') throw new Problem('yourself');
    const who = isId(to)
      ? sql`u.id = (select partner_id from chat_members where chat_id = ${to} and user_id = ${viewer.id})`
      : isNamed(to);
    const rows = await sql<{ id: string }>`select u.id from users u where ${who} and ${isActive()}`.all(this.em);
    // One answer whether the name is free, or its owner is gone or blocks the viewer.
    if (!rows[0]) throw new Problem('cannot_message');
    if (rows[0].id === viewer.id) throw new Problem('yourself');
    return rows[0].id;
  }
}
