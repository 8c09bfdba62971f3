import { Command } from 'commander';
import { migrate } from './platform/database/migrate.js';
import { readConfig } from './platform/config/env.js';
import { startOrSay } from './platform/observability/start-or-say.js';
import { writeOpenApi } from './openapi.js';

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

await startOrSay(async () => {
  await program.parseAsync();
});
