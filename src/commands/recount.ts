import type { Command } from 'commander';
import { RecountService } from '../counters/recount.service.js';
import { withServices } from './with-services.js';

/** `vitrine recount`: counters against what they count. */
export function addRecountCommand(program: Command): void {
  program
    .command('recount')
    .description(
      'set counters right that differ from what they count, one JSON line for each, while everything goes on',
    )
    .option('--check', 'change nothing; exit code 1 when there is any')
    .action(async ({ check = false }: { check?: boolean }) => {
      const count = await withServices(async (services) => {
        const recount = services.get(RecountService);
        let wrong = 0;
        for await (const counter of check ? recount.check() : recount.repair()) {
          process.stdout.write(`${JSON.stringify(counter)}\n`);
          wrong += 1;
        }
        return wrong;
      });
      process.stderr.write(`${count} counters ${check ? 'are wrong' : 'set right'}\n`);
      process.exitCode = check && count ? 1 : 0;
    });
}
