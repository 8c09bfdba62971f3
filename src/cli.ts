import { Command, Option } from 'commander';
import { createInterface } from 'node:readline';
import { addAvatarCommands } from './commands/avatars.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addRecountCommand } from './commands/recount.js';
import { addUserCommands } from './commands/users.js';
import { withServices } from './commands/with-services.js';
import { AvatarIntegrity } from './avatars/avatar-integrity.service.js';
import { IntegrityService } from './files/integrity.service.js';
import { ReprocessService, type Selection } from './files/reprocess.service.js';
import { impersonal, inventory } from './personal-data/inventory.js';
import { migrate } from './platform/database/migrate.js';
import { readConfig } from './platform/config/env.js';
import { useLocalSettings } from './local/beside-local.js';
import { startOrSay } from './platform/observability/start-or-say.js';
import { writeOpenApi } from './openapi.js';
import { makeSamples } from './samples.js';
import { keepNewFilesPrivate } from './platform/private-dir.js';

keepNewFilesPrivate();

const program = new Command('vitrine').description("Vitrine's operator commands").showHelpAfterError();

program
  .command('migrate')
  .description('bring the database and the queue up to this version')
  .action(async () => {
    const names = await migrate(readConfig());
    process.stderr.write(names.length ? `Database: ${names.join(', ')} applied\n` : 'Database: up to date\n');
  });

program
  .command('openapi')
  .description('print the OpenAPI document')
  .action(async () => writeOpenApi(process.stdout));

program
  .command('personal-data')
  .description('print what is stored about an account, and what becomes of it when the account is deleted')
  .action(() => {
    for (const { table, exportedBy, why } of inventory)
      process.stdout.write(`${table}: deleted${exportedBy ? ', exported' : ''}. ${why}\n`);
    for (const [table, why] of Object.entries(impersonal)) process.stdout.write(`${table}: kept. ${why}\n`);
  });

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
      for (const part of [IntegrityService, AvatarIntegrity])
        for await (const finding of services.get<IntegrityService | AvatarIntegrity>(part).scan()) {
          process.stdout.write(`${JSON.stringify(finding)}\n`);
          count += 1;
        }
      return count;
    });
    process.stderr.write(`${findings} findings\n`);
    process.exitCode = findings ? 1 : 0;
  });

program
  .command('reprocess')
  .description('process ready files again: one, a kind, or those that are outdated or lack renditions')
  .argument('[url]', 'one file')
  .addOption(new Option('--kind <kind>', 'only this kind').choices(['photo', 'video', 'music']))
  .option('--outdated', 'only files made by an older pipeline')
  .option('--missing', 'only files without renditions')
  .option('--all', 'all files')
  .option('--dry-run', 'list the files, and do nothing')
  .action(async (url: string | undefined, options: Omit<Selection, 'url'> & { all?: boolean }, command: Command) => {
    const { all, ...selection } = options;
    if (!all && !url && !selection.kind && !selection.outdated && !selection.missing) {
      command.error('Choose files by a url, --kind, --outdated, --missing, or --all.');
    }
    const count = await withServices(async (services) => {
      let files = 0;
      for await (const file of services.get(ReprocessService).run({ ...selection, ...(url && { url }) })) {
        process.stdout.write(`${file.kind} ${file.url}\n`);
        files += 1;
      }
      return files;
    });
    process.stderr.write(`${count} files${selection.dryRun ? ' would be' : ''} queued\n`);
  });

program
  .command('prune')
  .description('delete the untracked bytes that `vitrine integrity` reported; reads its lines from standard input')
  .action(async () => {
    const pruned = await withServices(async (services) => {
      let count = 0;
      for await (const line of createInterface({ input: process.stdin })) {
        const { kind, key } = JSON.parse(line) as { kind?: string; key?: string };
        if (kind !== 'untracked' || !key) continue;
        const part = key.startsWith('avatars/') ? AvatarIntegrity : IntegrityService;
        if (await services.get<IntegrityService | AvatarIntegrity>(part).prune(key)) count += 1;
      }
      return count;
    });
    process.stderr.write(`${pruned} deleted\n`);
  });

addAvatarCommands(program);
addDoctorCommand(program);
addRecountCommand(program);
addUserCommands(program);

await startOrSay(async () => {
  await useLocalSettings(process.env);
  await program.parseAsync();
});
