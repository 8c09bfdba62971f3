import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiModule } from './app.module.js';
import { httpAdapter, setupApp } from './app.setup.js';
import { readConfig } from './platform/config/env.js';
import { exitWithParent } from './platform/embedded/parent.js';
import { Health } from './platform/observability/health.js';
import { shutdownOnSignal } from './platform/observability/shutdown.js';
import { startOrSay } from './platform/observability/start-or-say.js';

/** What a request in flight gets to end, when the process is asked to stop. */
const drainMs = 25_000;

await startOrSay(async () => {
  const config = readConfig();
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule, httpAdapter(config), {
    bufferLogs: true,
    abortOnError: false,
  });
  await setupApp(app, config);
  exitWithParent();
  shutdownOnSignal(app, app.get(Health), drainMs);
  await app.listen(config.http.port, config.http.host);
});
