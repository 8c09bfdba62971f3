import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { OnCommand, type Caller } from '../platform/realtime/on-command.js';
import { Emoji } from '../reactions/reactions.schemas.js';
import { Partner } from './chats.schemas.js';
import { ChatsService } from './chats.service.js';
import { checkSent, deleteFor, EditBody, MessageAnswer, sendFields, UpToBody } from './messages.schemas.js';
import { MessagesService } from './messages.service.js';
import { SendingService } from './sending.service.js';
import { TypingService } from './typing.service.js';

const to = { to: Partner };
const one = { ...to, id: z.uuid() };
const Send = z.strictObject({ ...to, ...sendFields }).superRefine(checkSent);
const Edit = EditBody.extend(one);
const Delete = z.strictObject({ ...one, for: z.enum(deleteFor).default('me') });
const React = z.strictObject({ ...one, emoji: Emoji });
const Unreact = z.strictObject(one);
const UpTo = UpToBody.extend(to);
const Typing = z.strictObject(to);

/** The same as the routes of chats, through a socket. */
@Injectable()
export class MessagesCommands {
  constructor(
    private readonly sending: SendingService,
    private readonly messages: MessagesService,
    private readonly chats: ChatsService,
    private readonly typists: TypingService,
  ) {}

  @OnCommand('message.send', Send, MessageAnswer)
  async send({ viewer }: Caller, { to, ...body }: z.infer<typeof Send>) {
    return (await this.sending.send(viewer, to, body)).message;
  }

  @OnCommand('message.edit', Edit, MessageAnswer)
  edit({ viewer }: Caller, { to, id, text }: z.infer<typeof Edit>) {
    return this.messages.edit(viewer.id, to, id, text);
  }

  @OnCommand('message.delete', Delete, z.null())
  async delete({ viewer }: Caller, { to, id, for: whose }: z.infer<typeof Delete>): Promise<null> {
    await this.messages.delete(viewer.id, to, id, whose);
    return null;
  }

  @OnCommand('message.react', React, MessageAnswer)
  react({ viewer }: Caller, { to, id, emoji }: z.infer<typeof React>) {
    return this.messages.react(viewer.id, to, id, emoji);
  }

  @OnCommand('message.unreact', Unreact, z.null())
  async unreact({ viewer }: Caller, { to, id }: z.infer<typeof Unreact>): Promise<null> {
    await this.messages.unreact(viewer.id, to, id);
    return null;
  }

  @OnCommand('chat.delivered', UpTo, z.null())
  async delivered({ viewer }: Caller, { to, upTo }: z.infer<typeof UpTo>): Promise<null> {
    await this.chats.acknowledge(viewer.id, to, upTo, 'delivered');
    return null;
  }

  @OnCommand('chat.read', UpTo, z.null())
  async read({ viewer }: Caller, { to, upTo }: z.infer<typeof UpTo>): Promise<null> {
    await this.chats.acknowledge(viewer.id, to, upTo, 'read');
    return null;
  }

  @OnCommand('chat.typing', Typing, z.null())
  async typing({ viewer }: Caller, { to }: z.infer<typeof Typing>): Promise<null> {
    await this.typists.typing(viewer, to);
    return null;
  }
}
