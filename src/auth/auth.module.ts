import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { FollowsModule } from '../follows/follows.module.js';
import { MailModule } from '../platform/mail/mail.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccessGuard } from './access.guard.js';
import { AccountAdminService } from '../accounts/account-admin.service.js';
import { AccountAccess } from '../accounts/account-access.service.js';
import { AccountController } from '../accounts/account.controller.js';
import { AccountsService } from '../accounts/accounts.service.js';
import { AddressCounts } from '../accounts/address-counts.service.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysQueries } from './api-keys.queries.js';
import { ApiKeysService } from './api-keys.service.js';
import { AuthController } from './auth.controller.js';
import { CodeMailer } from '../accounts/code.mailer.js';
import { CodesService } from '../accounts/codes.service.js';
import { CredentialsQueries } from './credentials.queries.js';
import { CredentialsService } from '../accounts/account-edit.service.js';
import { CurrentPasswordService } from './current-password.service.js';
import { NamesService } from '../accounts/names.service.js';
import { NoticeMailer } from '../accounts/notice.mailer.js';
import { PasswordResetController } from '../accounts/password-reset.controller.js';
import { PasswordResetLinks } from '../accounts/password-reset-links.service.js';
import { PasswordResetService } from '../accounts/password-reset.service.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsQueries } from './sessions.queries.js';
import { SignInTries } from './sign-in-tries.js';
import { AccessTokenStrategy, ApiKeyStrategy } from './strategies.js';
import { TokensService } from './tokens.service.js';

@Module({
  imports: [PassportModule, JwtModule.register({}), UsersModule, FollowsModule],
  controllers: [AuthController, PasswordResetController, SessionsController, ApiKeysController, AccountController],
  providers: [
    AccountsService,
    AddressCounts,
    AccountAccess,
    CodesService,
    PasswordResetLinks,
    TokensService,
    NamesService,
    PasswordResetService,
    CurrentPasswordService,
    CredentialsService,
    ApiKeysService,
    ApiKeysQueries,
    SessionsQueries,
    SignInTries,
    CredentialsQueries,
    AccessTokenStrategy,
    ApiKeyStrategy,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [CurrentPasswordService],
})
export class AuthModule {}

/** In workers: mails what accounts ask for, and what they must know. */
@Module({
  imports: [MailModule],
  providers: [CodeMailer, NoticeMailer, CodesService, AddressCounts, PasswordResetLinks],
})
export class AuthWorkerModule {}

/** For operators: accounts made, ended and promoted. */
@Module({ providers: [AccountAdminService], exports: [AccountAdminService] })
export class AccountsCareModule {}
