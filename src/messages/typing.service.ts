import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { sql } from '../platform/database/sql.js';
import { Signals } from '../platform/realtime/signals.js';
import type { Viewer } from '../platform/http/viewer.js';
import { presenceVisibleTo } from '../visibility/presence.js';
import { ChatAccess } from './chat-access.service.js';
import { chatColumns, messageTables, MessageView, type ChatRow } from './message-view.js';

/** Clients say it while keys are pressed; it is shown for 6 seconds. */
const everyMs = 3_000;

/** Tells the other one that somebody is writing. */
@Injectable()
export class TypingService {
  /** Who was told of lately, by chat and user. */
  private readonly lately = new LRUCache<string, true>({ max: 10_000, ttl: everyMs });

  constructor(
    private readonly em: EntityManager,
    private readonly access: ChatAccess,
    private readonly view: MessageView,
    private readonly signals: Signals,
  ) {}

  /**
   * Not in requests, nor to whoever may not know whether the writer is there.
   * @throws {Problem} `chat_not_found`
   */
  async typing(viewer: Viewer, to: string): Promise<void> {
    const { chatId, partnerId } = await this.access.find(viewer.id, to);
    const key = `${chatId} ${viewer.id}`;
    if (this.lately.has(key) || !partnerId) return;
    this.lately.set(key, true);
    const [row] = await sql<ChatRow>`
      select ${chatColumns} from chat_members me ${messageTables}
      where me.chat_id = ${chatId} and me.user_id = ${partnerId} and me.folder <> 'requests'
        and them.folder <> 'requests' and ${presenceVisibleTo('v', 'p')}`.all(this.em);
    // The name of now: a socket may be older than it.
    if (row?.partner)
      this.signals.tell([partnerId], 'typing', { chat: this.view.chat(row), username: row.partner.username });
  }
}
