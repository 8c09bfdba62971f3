import { BullRegistrar } from '@nestjs/bullmq';
import { NestFactory } from '@nestjs/core';
import { Logger } from 'nestjs-pino';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { WorkerModule } from './app.module.js';
import { ConfigError, readConfig } from './platform/config/env.js';
import { requireMigrated } from './platform/database/migrate.js';
import { exitWithParent } from './local/parent.js';
import { collectWhenIdle } from './platform/idle-collection.js';
import { Backlog } from './platform/observability/backlog.js';
import { serveHealth } from './platform/observability/health-server.js';
import { Health } from './platform/observability/health.js';
import { shutdownOnSignal } from './platform/observability/shutdown.js';
import { startOrSay } from './platform/observability/start-or-say.js';
import { queueNames, type QueueName } from './platform/queue/definition.js';
import { reapWorkspaces } from './processing/run/workspace.js';
import { keepNewFilesPrivate, makePrivateDir } from './platform/private-dir.js';

keepNewFilesPrivate();

/** Jobs get 8 s to finish, then their handlers 15 s to clean up (queue/runner.ts). */
const stopMs = 28_000;

/** `--queues=video,image`; default: all. */
function queuesOf(argv: string[]): QueueName[] {
  const { queues } = parseArgs({ args: argv, options: { queues: { type: 'string' } } }).values;
  const named = queues?.split(',').filter(Boolean) ?? [...queueNames];
  const unknown = named.filter((name) => !(queueNames as readonly string[]).includes(name));
  if (unknown.length)
    throw new ConfigError([`--queues: there is no ${unknown.join(', ')}; there are ${queueNames.join(', ')}`]);
  // An unserved lane would be a trap.
  const lanes: Record<string, QueueName[]> = {
    ...{ video: ['video', 'express'], social: ['social', 'fanout'], mail: ['mail', 'push'] },
  };
  return [...new Set(named.flatMap((name) => lanes[name] ?? [name]))] as QueueName[];
}

await startOrSay(async () => {
  const config = readConfig();
  const queues = queuesOf(process.argv.slice(2));
  await requireMigrated(config);
  const workRoot = resolve(config.dataDir, 'work');
  await makePrivateDir(workRoot);
  await reapWorkspaces(workRoot);

  const app = await NestFactory.createApplicationContext(WorkerModule.for(queues, config), {
    bufferLogs: true,
    abortOnError: false,
  });
  const logger = app.get(Logger);
  app.useLogger(logger);
  const health = app.get(Health);
  const backlog = app.get(Backlog);
  const measure = () => backlog.measure();
  const server = await serveHealth({ health, measure }, config.http.host, config.worker.port);
  exitWithParent();
  collectWhenIdle();
  shutdownOnSignal(app, health, stopMs, async () => server.close());
  app.get(BullRegistrar).register();
  logger.log({ queues }, 'worker started');
});
