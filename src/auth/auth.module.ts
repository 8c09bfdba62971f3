import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { MailModule } from '../platform/mail/mail.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccessGuard } from './access.guard.js';
import { AccountsService } from './accounts.service.js';
import { AuthController } from './auth.controller.js';
import { CodeMailer } from './code.mailer.js';
import { CodesService } from './codes.service.js';
import { CredentialsQueries } from './credentials.queries.js';
import { SignInTries } from './sign-in-tries.js';
import { AccessTokenStrategy, ApiKeyStrategy } from './strategies.js';
import { TokensService } from './tokens.service.js';

@Module({
  imports: [PassportModule, JwtModule.register({}), UsersModule],
  controllers: [AuthController],
  providers: [
    AccountsService,
    CodesService,
    TokensService,
    SignInTries,
    CredentialsQueries,
    AccessTokenStrategy,
    ApiKeyStrategy,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
})
export class AuthModule {}

/** In workers: mails what accounts ask for. */
@Module({ imports: [MailModule], providers: [CodeMailer, CodesService] })
export class AuthWorkerModule {}
