import { Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { Operation } from '../operation.js';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';

/**
 * Not pino's own destination: when stdout's reader is gone, it retries the same write for ever while the process tries
 * to exit (sonic-boom, flushSync on EPIPE). A closed stdout must neither keep the process alive nor kill it.
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
        // Requests are logged by a server hook (request-log.ts): once, with the answer's status.
        forRoutes: [],
        pinoHttp: [{ level: logLevel, mixin: () => Operation.names() }, stdout()],
      }),
    }),
  ],
})
export class LoggingModule {}
