import { MikroORM } from '@mikro-orm/core';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CliModule } from '../app.module.js';
import { Operation } from '../platform/operation.js';

/** Runs one command with the services it needs, and closes them. */
export async function withServices<T>(work: (services: INestApplicationContext) => Promise<T>): Promise<T> {
  const services = await NestFactory.createApplicationContext(CliModule, {
    // `startOrSay` prints errors, once.
    logger: false,
    abortOnError: false,
  });
  try {
    return await Operation.run(services.get(MikroORM), {}, () => work(services));
  } finally {
    await services.close();
  }
}
