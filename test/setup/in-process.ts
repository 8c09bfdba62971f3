import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApi } from '../../src/app.setup.js';
import { readConfig } from '../../src/platform/config/env.js';

/** A second instance of the API in this process, where its statements can be observed. To be closed. */
export async function apiInProcess({
  databaseUrl,
  dataDir,
}: {
  databaseUrl: string;
  dataDir: string;
}): Promise<NestFastifyApplication> {
  Object.assign(process.env, {
    DATABASE_URL: databaseUrl,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    RATE_LIMIT_FACTOR: '0',
  });
  const { app } = await createApi(readConfig(), { logger: false });
  await app.init();
  return app;
}
