import { Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { Activity } from '../activity.js';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';

/**
 * Not pino's own destination: with nobody left to read it, that one tries the same write for ever when the process
 * wants to end (sonic-boom, flushSync on EPIPE). A log that nobody reads is no reason to stay, or to die.
 */
function stdout(): NodeJS.WritableStream {
  process.stdout.on('error', () => process.stdout.destroy());
  return process.stdout;
}

@Module({
  imports: [
    LoggerModule.forRootAsync({
      inject: [CONFIG],
      useFactory: ({ logLevel }: Config) => ({
        // Requests are logged by a hook of the server's (request-log.ts): once, and with what was answered.
        forRoutes: [],
        pinoHttp: [{ level: logLevel, mixin: () => Activity.names() }, stdout()],
      }),
    }),
  ],
})
export class LoggingModule {}
