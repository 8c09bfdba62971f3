import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module.js';
import { MediaModule } from '../media/media.module.js';
import { ForegroundUsersModule } from '../presence/presence.module.js';
import { PushWorkerModule } from '../push/push.module.js';
import { ChatAccess } from './chat-access.service.js';
import { ChatsController } from './chats.controller.js';
import { ChatsQueries } from './chats.queries.js';
import { ChatsService } from './chats.service.js';
import { MessageSearch } from './message-search.service.js';
import { MessagePushJobs } from './message-push.jobs.js';
import { MessageView } from './message-view.js';
import { MessagesCommands } from './messages.commands.js';
import { MessagesController } from './messages.controller.js';
import { MessagesJobs } from './messages.jobs.js';
import { MessagesLive } from './messages.live.js';
import { MessagesQueries } from './messages.queries.js';
import { MessagesService } from './messages.service.js';
import { SendingService } from './sending.service.js';
import { TypingService } from './typing.service.js';

@Module({
  imports: [FilesModule, MediaModule],
  // In this order: `search` is no username.
  controllers: [MessagesController, ChatsController],
  providers: [
    ChatAccess,
    ChatsQueries,
    ChatsService,
    MessageSearch,
    MessageView,
    MessagesCommands,
    MessagesLive,
    MessagesQueries,
    MessagesService,
    SendingService,
    TypingService,
  ],
})
export class MessagesModule {}

/** In workers: tells of files that became ready, and of what stays unread. */
@Module({ imports: [PushWorkerModule, ForegroundUsersModule], providers: [MessagesJobs, MessagePushJobs] })
export class MessagesWorkerModule {}
