import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { UsersModule } from '../users/users.module.js';
import { AccessGuard } from './access.guard.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysQueries } from './api-keys.queries.js';
import { ApiKeysService } from './api-keys.service.js';
import { AuthController } from './auth.controller.js';
import { CredentialsQueries } from './credentials.queries.js';
import { CredentialsService } from './credentials.service.js';
import { CurrentPasswordService } from './current-password.service.js';
import { PasswordsService } from './passwords.service.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsQueries } from './sessions.queries.js';
import { SignInTries } from './sign-in-tries.js';
import { SignInService } from './sign-in.service.js';
import { SocketCredentials } from './socket-credentials.service.js';
import { AccessTokenStrategy, ApiKeyStrategy } from './strategies.js';
import { TokensService } from './tokens.service.js';

/** Separate, so that operators' commands can use it without the request guard. */
@Module({ providers: [PasswordsService], exports: [PasswordsService] })
export class PasswordsModule {}

@Module({
  imports: [PassportModule, JwtModule.register({}), PasswordsModule, UsersModule],
  controllers: [AuthController, SessionsController, ApiKeysController],
  providers: [
    SignInService,
    SignInTries,
    TokensService,
    CurrentPasswordService,
    ApiKeysService,
    ApiKeysQueries,
    SessionsQueries,
    CredentialsQueries,
    CredentialsService,
    SocketCredentials,
    AccessTokenStrategy,
    ApiKeyStrategy,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [CredentialsService, CurrentPasswordService, TokensService, ApiKeysService, SocketCredentials],
})
export class AuthModule {}
