import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { ChatAccess } from './chat-access.service.js';
import { ChatEdit, ChatParam, ChatsQuery, UnreadChats } from './chats.schemas.js';
import { ChatsQueries } from './chats.queries.js';
import { ChatsService } from './chats.service.js';
import { ChatItem, ChatPage, UpToBody } from './messages.schemas.js';

type Address = z.infer<typeof ChatParam>;
const params = { username: 'With whom: their username, or the `id` of the chat' };
const problems = ['chat_not_found', 'validation_failed'] as const;

@ApiTags('messages')
@Controller('chats')
export class ChatsController {
  constructor(
    private readonly chats: ChatsService,
    private readonly access: ChatAccess,
    private readonly queries: ChatsQueries,
  ) {}

  @Get()
  @Verified('read')
  @Documented({
    summary: 'List your chats',
    description: 'Those with the latest messages first, each with its latest message and what is unread.',
    answers: { 200: { schema: ChatPage, description: 'A page' } },
    problems: ['validation_failed'],
  })
  list(@CurrentUser() { id }: Viewer, @Query({ schema: ChatsQuery }) query: ChatsQuery) {
    return this.queries.list(id, query);
  }

  @Get('unread-count')
  @Verified('read')
  @Documented({
    summary: 'Count chats with something unread',
    description: 'Without muted ones.',
    answers: { 200: { schema: UnreadChats, description: 'The counts' } },
  })
  unread(@CurrentUser() { id }: Viewer) {
    return this.queries.unread(id);
  }

  @Get(':username')
  @Verified('read')
  @Documented({
    summary: 'Read a chat',
    params,
    answers: { 200: { schema: ChatItem, description: 'The chat' } },
    problems,
  })
  async read(@CurrentUser() { id }: Viewer, @Param({ schema: ChatParam }) { username }: Address) {
    return this.queries.one(id, (await this.access.find(id, username)).chatId);
  }

  @Put(':username')
  @Verified('write')
  @Limited('message-change')
  @Documented({
    summary: 'Mute a chat, or archive it',
    description: 'A new message brings a chat that is not muted back from the archive.',
    params,
    answers: { 200: { schema: ChatItem, description: 'The chat' } },
    problems: [...problems, 'request_pending'],
  })
  edit(
    @CurrentUser() { id }: Viewer,
    @Param({ schema: ChatParam }) { username }: Address,
    @Body({ schema: ChatEdit }) body: ChatEdit,
  ) {
    return this.chats.edit(id, username, body);
  }

  @Delete(':username')
  @HttpCode(204)
  @Verified('write')
  @Limited('message-change')
  @Documented({
    summary: 'Delete a chat for yourself',
    description: 'The other one keeps theirs. It is in your list again when somebody writes.',
    params,
    answers: { 204: null },
    problems,
  })
  clear(@CurrentUser() { id }: Viewer, @Param({ schema: ChatParam }) { username }: Address) {
    return this.chats.clear(id, username);
  }

  @Put(':username/accept')
  @HttpCode(200)
  @Verified('write')
  @Limited('message-change')
  @Documented({
    summary: 'Accept a request',
    description: 'As does an answer: the chat is in your inbox, and has no limits any more.',
    params,
    answers: { 200: { schema: ChatItem, description: 'The chat' } },
    problems,
  })
  accept(@CurrentUser() { id }: Viewer, @Param({ schema: ChatParam }) { username }: Address) {
    return this.chats.accept(id, username);
  }

  @Put(':username/delivered')
  @HttpCode(204)
  @Verified('write')
  @Limited('message-change')
  @Documented({
    summary: 'Acknowledge delivery',
    description: 'Of everything up to a message; only forwards. Fetching messages does the same.',
    params,
    answers: { 204: null },
    problems: [...problems, 'message_not_found'],
  })
  delivered(
    @CurrentUser() { id }: Viewer,
    @Param({ schema: ChatParam }) { username }: Address,
    @Body({ schema: UpToBody }) { upTo }: z.infer<typeof UpToBody>,
  ) {
    return this.chats.acknowledge(id, username, upTo, 'delivered');
  }

  @Put(':username/read')
  @HttpCode(204)
  @Verified('write')
  @Limited('message-change')
  @Documented({
    summary: 'Acknowledge reading',
    description: 'Of everything up to a message; only forwards. Writing a message does the same.',
    params,
    answers: { 204: null },
    problems: [...problems, 'message_not_found'],
  })
  markRead(
    @CurrentUser() { id }: Viewer,
    @Param({ schema: ChatParam }) { username }: Address,
    @Body({ schema: UpToBody }) { upTo }: z.infer<typeof UpToBody>,
  ) {
    return this.chats.acknowledge(id, username, upTo, 'read');
  }
}
