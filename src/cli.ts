import { Command } from 'commander';
import { migrate } from './platform/database/migrate.js';
import { readConfig } from './platform/config/env.js';
import { startOrSay } from './platform/observability/start-or-say.js';
import { writeOpenApi } from './openapi.js';
import { makeSamples } from './samples.js';

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

await startOrSay(async () => {
  await program.parseAsync();
});
