import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApi } from '../src/app.setup.js';
import { readConfig } from '../src/platform/config/env.js';
import type { System } from './system.js';

/** A second instance of the API in this process, where its statements can be observed, closed after `work`. */
export async function inProcess<T>(
  { databaseUrl, dataDir }: Pick<System, 'databaseUrl' | 'dataDir'>,
  work: (app: NestFastifyApplication) => Promise<T>,
): Promise<T> {
  Object.assign(process.env, {
    DATABASE_URL: databaseUrl,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    RATE_LIMIT_FACTOR: '0',
  });
  const { app } = await createApi(readConfig(), { logger: false });
  await app.init();
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}
