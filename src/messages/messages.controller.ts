import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { ChatAccess } from './chat-access.service.js';
import { ChatParam } from './chats.schemas.js';
import { ChatsService } from './chats.service.js';
import {
  DeleteQuery,
  EditBody,
  FoundMessagePage,
  HistoryQuery,
  MessageAnswer,
  MessagePage,
  MessageParam,
  MessageSearchQuery,
  ReactBody,
  SendBody,
} from './messages.schemas.js';
import { MessagesQueries } from './messages.queries.js';
import { MessagesService } from './messages.service.js';
import { MessageSearch } from './message-search.service.js';
import { SendingService } from './sending.service.js';

type ChatAddress = z.infer<typeof ChatParam>;
type Address = z.infer<typeof MessageParam>;
const params = { username: 'With whom: their username, or the `id` of the chat' };
const messageParams = { ...params, id: 'The `id` of the message' };
const problems = ['chat_not_found', 'message_not_found', 'validation_failed'] as const;

@ApiTags('messages')
@Controller('chats')
export class MessagesController {
  constructor(
    private readonly access: ChatAccess,
    private readonly chats: ChatsService,
    private readonly queries: MessagesQueries,
    private readonly messages: MessagesService,
    private readonly sending: SendingService,
    private readonly found: MessageSearch,
  ) {}

  @Get('search')
  @Verified('read')
  @Limited('search')
  @Documented({
    summary: 'Search your messages',
    description: 'The newest first. All words must match, the last one as a prefix; accents and case do not matter.',
    answers: { 200: { schema: FoundMessagePage, description: 'A page' } },
    problems: ['chat_not_found', 'validation_failed'],
  })
  search(@CurrentUser() { id }: Viewer, @Query({ schema: MessageSearchQuery }) query: MessageSearchQuery) {
    return this.found.search(id, query);
  }

  @Get(':username/messages')
  @Verified('read')
  @Documented({
    summary: 'Read the messages of a chat',
    description:
      'The newest first. With `since`, those that are newer, the oldest of them if there are many: repeat it until there are none. What you fetch counts as delivered.',
    params,
    answers: { 200: { schema: MessagePage, description: 'A page' } },
    problems,
  })
  async list(
    @CurrentUser() { id }: Viewer,
    @Param({ schema: ChatParam }) { username }: ChatAddress,
    @Query({ schema: HistoryQuery }) query: HistoryQuery,
  ) {
    const chat = await this.access.find(id, username);
    const page = await this.queries.history(id, chat, query);
    await this.chats.fetched(id, chat, page.items[0]?.seq);
    return page;
  }

  @Post(':username/messages')
  @Verified('write')
  @Limited('message')
  @Documented({
    summary: 'Write to a user',
    description:
      'Whoever neither follows you nor answered gets it as a request: up to three messages, of text only. Sent again with its `clientId`, a message is not written twice.',
    params,
    answers: {
      201: { schema: MessageAnswer, description: 'Sent' },
      200: { schema: MessageAnswer, description: 'It was sent before, with this `clientId`' },
    },
    problems: [
      'yourself',
      'blocked',
      'cannot_message',
      'request_pending',
      'client_id_reused',
      'message_not_found',
      'file_not_found',
      'file_kind_mismatch',
      'file_failed',
      'validation_failed',
    ],
  })
  async send(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: ChatParam }) { username }: ChatAddress,
    @Body({ schema: SendBody }) body: SendBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { message, isNew } = await this.sending.send(viewer, username, body);
    reply.status(isNew ? 201 : 200);
    return message;
  }

  @Put(':username/messages/:id')
  @Verified('write')
  @Limited('message-change')
  @Documented({
    summary: 'Change a message',
    description: 'The text or caption of your own, within 15 minutes.',
    params: messageParams,
    answers: { 200: { schema: MessageAnswer, description: 'The changed message' } },
    problems: [...problems, 'not_yours', 'edit_too_late', 'blocked', 'cannot_message'],
  })
  edit(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: MessageParam }) { username, id }: Address,
    @Body({ schema: EditBody }) { text }: z.infer<typeof EditBody>,
  ) {
    return this.messages.edit(viewer.id, username, id, text);
  }

  @Delete(':username/messages/:id')
  @HttpCode(204)
  @Verified('write')
  @Limited('message-change')
  @Documented({
    summary: 'Delete a message for yourself, or your own for everyone',
    params: messageParams,
    answers: { 204: null },
    problems: [...problems, 'not_yours', 'limit_reached'],
  })
  delete(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: MessageParam }) { username, id }: Address,
    @Query({ schema: DeleteQuery }) { for: whose }: z.infer<typeof DeleteQuery>,
  ) {
    return this.messages.delete(viewer.id, username, id, whose);
  }

  @Put(':username/messages/:id/reaction')
  @Verified('write')
  @Limited('react')
  @Documented({
    summary: 'React to a message with an emoji',
    description: 'Replaces your earlier reaction.',
    params: messageParams,
    answers: { 200: { schema: MessageAnswer, description: 'The message' } },
    problems: [...problems, 'blocked', 'cannot_message', 'request_pending'],
  })
  react(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: MessageParam }) { username, id }: Address,
    @Body({ schema: ReactBody }) { emoji }: z.infer<typeof ReactBody>,
  ) {
    return this.messages.react(viewer.id, username, id, emoji);
  }

  @Delete(':username/messages/:id/reaction')
  @HttpCode(204)
  @Verified('write')
  @Limited('react')
  @Documented({
    summary: 'Take your reaction back',
    params: messageParams,
    answers: { 204: null },
    problems,
  })
  unreact(@CurrentUser() viewer: Viewer, @Param({ schema: MessageParam }) { username, id }: Address) {
    return this.messages.unreact(viewer.id, username, id);
  }
}
