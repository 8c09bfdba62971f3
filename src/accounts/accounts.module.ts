import { Module } from '@nestjs/common';
import { AuthModule, PasswordsModule } from '../auth/auth.module.js';
import { FollowsModule } from '../follows/follows.module.js';
import { MailModule } from '../platform/mail/mail.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountAccess } from './account-access.service.js';
import { AccountAdminService } from './account-admin.service.js';
import { AccountEditService } from './account-edit.service.js';
import { AccountController } from './account.controller.js';
import { AccountsController } from './accounts.controller.js';
import { AccountsService } from './accounts.service.js';
import { AddressCounts } from './address-counts.service.js';
import { CodeMailer } from './code.mailer.js';
import { CodesService } from './codes.service.js';
import { NamesService } from './names.service.js';
import { NoticeMailer } from './notice.mailer.js';
import { PasswordResetLinks } from './password-reset-links.service.js';
import { PasswordResetController } from './password-reset.controller.js';
import { PasswordResetService } from './password-reset.service.js';

@Module({
  imports: [AuthModule, PasswordsModule, UsersModule, FollowsModule],
  controllers: [AccountsController, PasswordResetController, AccountController],
  providers: [
    AccountsService,
    AccountEditService,
    AccountAccess,
    AddressCounts,
    CodesService,
    NamesService,
    PasswordResetLinks,
    PasswordResetService,
  ],
})
export class AccountsModule {}

/** In workers: mails codes and notices about accounts. */
@Module({
  imports: [MailModule],
  providers: [CodeMailer, NoticeMailer, CodesService, AddressCounts, PasswordResetLinks],
})
export class AccountsWorkerModule {}

/** For operators: creating, disabling and promoting accounts. */
@Module({ imports: [PasswordsModule], providers: [AccountAdminService], exports: [AccountAdminService] })
export class AccountsCareModule {}
