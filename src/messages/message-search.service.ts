import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import { once } from '../platform/database/once.js';
import {
  afterCursor,
  keyOf,
  keysetPage,
  orderOf,
  pageOf,
  type Keyed,
  type Keyset,
} from '../platform/database/keyset.js';
import { messageVisible } from '../visibility/chats.js';
import { ChatAccess, type ChatSide } from './chat-access.service.js';
import { memberAt, messageAt, messageColumns, messageTables, MessageView, type MessageRow } from './message-view.js';
import type { MessageSearchQuery } from './messages.schemas.js';

/** Of a word that so many messages of the viewer have, no more are looked at. */
const most = sql.raw('10000');
/** Of one chat, so many of the newest are looked at one by one where a word is that common. */
const walked = sql.raw('20000');

const newest: Keyset = { name: 'found-messages', columns: [[sql.raw('m.id'), 'uuid']], direction: 'desc' };

/** Messages by their words. However common a word is, a bounded number of rows is looked at. */
@Injectable()
export class MessageSearch {
  constructor(
    private readonly em: EntityManager,
    private readonly access: ChatAccess,
    private readonly view: MessageView,
  ) {}

  /** @throws {Problem} `chat_not_found` for `with` */
  async search(viewer: string, { q, with: partner, limit, cursor }: MessageSearchQuery) {
    if (q === '') return { items: [], nextCursor: null };
    const chat = partner === undefined ? null : await this.access.find(viewer, partner);
    // In order first: the rest is read until the page is full.
    const found = sql<MessageRow & Keyed>`
      select ${messageColumns}, ${keyOf(newest)}
      from (select m.* from (${chat ? ofChat(viewer, chat, q) : ofAllChats(viewer, q)}) found ${messageAt('found')}
        where ${afterCursor(newest, cursor)} order by ${orderOf(newest)} offset 0) m
      ${memberAt('m', viewer)} ${messageTables}
      where ${messageVisible()}`;
    const rows = await pageOf(found, newest, limit).all(this.em);
    return keysetPage(newest, rows, limit, (row) => ({ chat: this.view.chat(row), message: this.view.message(row) }));
  }
}

/**
 * The beginning of a word only from three letters on: an index finds all that begin so, of everybody, before it knows
 * whose they are. Scripts without spaces are searched by pairs.
 */
const shortWord = /(?:^|\s)[\u0021-\u024f]{1,2}$/;
const asked = (q: string) =>
  shortWord.test(q)
    ? once(sql`regexp_replace(search_query(${q})::text, ':\\*$', '')::tsquery`)
    : once(sql`search_query(${q})`);
/** The sign of a member, beside the words. */
const sign = (userId: string) => once(sql`quote_literal(search_facet('member', ${userId}::text))::tsquery`);
const matching = (viewer: string, q: string) => sql`w.words @@ ${asked(q)} and w.words @@ ${sign(viewer)}`;

const ofAllChats = (viewer: string, q: string) => sql`
  with matching as materialized (
    select w.chat_id, w.seq from message_words w where ${matching(viewer, q)} limit ${most})
  select * from matching`;

/** The index finds the oldest first: where it finds too many, the newest are walked instead. */
const ofChat = (viewer: string, { chatId, partnerId }: ChatSide, q: string) => sql`
  with matching as materialized (
    select w.chat_id, w.seq from message_words w
    where ${matching(viewer, q)} and ${partnerId ? sql`w.words @@ ${sign(partnerId)}` : sql`true`} and w.chat_id = ${chatId} limit ${most})
  select * from matching where (select count(*) from matching) < ${most}
  union all
  select k.chat_id, k.seq from (
    select m.chat_id, m.seq from messages m where m.chat_id = ${chatId} order by m.seq desc limit ${walked}) k
  join message_words w on w.chat_id = k.chat_id and w.seq = k.seq
  where (select count(*) from matching) = ${most} and w.words @@ ${asked(q)}`;
