import { Logger } from '@nestjs/common';
import { createApi } from './app.setup.js';
import { readConfig } from './platform/config/env.js';
import { requireMigrated } from './platform/database/migrate.js';
import { exitWithParent } from './local/parent.js';
import { collectWhenIdle } from './platform/idle-collection.js';
import { Health } from './platform/observability/health.js';
import { serveHealth } from './platform/observability/health-server.js';
import { shutdownOnSignal } from './platform/observability/shutdown.js';
import { startOrSay } from './platform/observability/start-or-say.js';
import { keepNewFilesPrivate } from './platform/private-dir.js';

keepNewFilesPrivate();

/** Time for requests in flight when the process is asked to stop. */
const drainMs = 25_000;

await startOrSay(async () => {
  const config = readConfig();
  await requireMigrated(config);
  const { app } = await createApi(config, { bufferLogs: true });
  if (config.secretIsKnown) new Logger('Api').warn('AUTH_SECRET is not set: anybody could forge tokens');
  exitWithParent();
  collectWhenIdle();
  const health = app.get(Health);
  const { metricsPort, host } = config.http;
  if (metricsPort !== undefined) await serveHealth({ health }, host, metricsPort);
  shutdownOnSignal(app, health, drainMs);
  await app.listen(config.http.port, config.http.host);
});
