import { MikroORM, RequestContext } from '@mikro-orm/core';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Command } from 'commander';
import { createInterface } from 'node:readline';
import { CliModule } from './app.module.js';
import { IntegrityService } from './files/integrity.service.js';
import { migrate } from './platform/database/migrate.js';
import { readConfig } from './platform/config/env.js';
import { startOrSay } from './platform/observability/start-or-say.js';
import { writeOpenApi } from './openapi.js';
import { makeSamples } from './samples.js';

async function withServices<T>(work: (services: INestApplicationContext) => Promise<T>): Promise<T> {
  const services = await NestFactory.createApplicationContext(CliModule, { logger: ['error'], abortOnError: false });
  try {
    return await RequestContext.create(services.get(MikroORM).em, () => work(services));
  } finally {
    await services.close();
  }
}

const program = new Command('vitrine').description("Vitrine's operator commands").showHelpAfterError();

program
  .command('migrate')
  .description('bring the database and the queue up to this version')
  .action(async () => {
    for (const name of await migrate(readConfig())) process.stdout.write(`${name}\n`);
  });

program
  .command('openapi')
  .description('print the OpenAPI document')
  .action(async () => writeOpenApi(process.stdout));

program
  .command('samples')
  .description('make a photo, a video and a song to try things with')
  .argument('[directory]', 'where to put them', 'samples')
  .action(async (directory: string) => {
    for (const path of await makeSamples(directory)) process.stdout.write(`${path}\n`);
  });

program
  .command('integrity')
  .description('compare the rows with the stored bytes; one JSON line per finding, exit code 1 when there is any')
  .action(async () => {
    const findings = await withServices(async (services) => {
      let count = 0;
      for await (const finding of services.get(IntegrityService).scan()) {
        process.stdout.write(`${JSON.stringify(finding)}\n`);
        count += 1;
      }
      return count;
    });
    process.stderr.write(`${findings} findings\n`);
    process.exitCode = findings ? 1 : 0;
  });

program
  .command('prune')
  .description('delete the untracked bytes that `vitrine integrity` reported; reads its lines from standard input')
  .action(async () => {
    const pruned = await withServices(async (services) => {
      let count = 0;
      for await (const line of createInterface({ input: process.stdin })) {
        const { kind, key } = JSON.parse(line) as { kind?: string; key?: string };
        if (kind === 'untracked' && key && (await services.get(IntegrityService).prune(key))) count += 1;
      }
      return count;
    });
    process.stderr.write(`${pruned} deleted\n`);
  });

await startOrSay(async () => {
  await program.parseAsync();
});
