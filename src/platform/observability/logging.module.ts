import { Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { PinoPretty } from 'pino-pretty';
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

/** Lines for people; `sync`, so that the last ones before an exit are written. */
const text = () =>
  PinoPretty({
    destination: stdout(),
    sync: true,
    colorize: false,
    ignore: 'pid,hostname,context',
    messageFormat: '{if context}{context} {end}{msg}',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });

@Module({
  imports: [
    LoggerModule.forRootAsync({
      inject: [CONFIG],
      useFactory: ({ logLevel, logFormat }: Config) => ({
        // Requests are logged by a server hook (request-log.ts): once, with the answer's status.
        forRoutes: [],
        pinoHttp: [{ level: logLevel, mixin: () => Operation.names() }, logFormat === 'text' ? text() : stdout()],
      }),
    }),
  ],
})
export class LoggingModule {}
