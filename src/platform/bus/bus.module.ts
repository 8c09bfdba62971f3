import { Global, Module } from '@nestjs/common';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { databaseUrl } from '../database/orm.js';
import { Bus } from './bus.js';
import { PgWire } from './pg-wire.js';
import { RedisWire } from './redis-wire.js';
import { WIRE, type Wire } from './wire.js';

@Global()
@Module({
  providers: [
    Bus,
    {
      provide: WIRE,
      inject: [CONFIG],
      useFactory: (config: Config): Wire =>
        config.redisUrl ? new RedisWire(config.redisUrl) : new PgWire(databaseUrl(config)),
    },
  ],
  exports: [Bus],
})
export class BusModule {}
