import { MikroOrmModule } from '@mikro-orm/nestjs';
import { PostgreSqlDriver, type Options } from '@mikro-orm/postgresql';
import { Module, type DynamicModule } from '@nestjs/common';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { databaseUrl, ormOptions } from './orm.js';

@Module({})
export class DatabaseModule {
  static with(entities: Options['entities']): DynamicModule {
    const orm = MikroOrmModule.forRootAsync({
      driver: PostgreSqlDriver,
      inject: [CONFIG],
      useFactory: (config: Config) => ({
        ...ormOptions(databaseUrl(config), entities, config.database.pool, config.database.isPrepared),
        registerRequestContext: false, // Operation does it
      }),
    });
    return { module: DatabaseModule, imports: [orm] };
  }
}
