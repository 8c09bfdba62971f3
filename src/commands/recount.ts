import type { Command } from 'commander';
import { RecountService } from '../counters/recount.service.js';
import { withServices } from './with-services.js';

/** `vitrine recount`: compares counters with what they count. */
export function addRecountCommand(program: Command): void {
  program
    .command('recount')
    .description(
      'correct counters that differ from what they count, one JSON line for each; safe while the system is in use',
    )
    .option('--check', 'change nothing; exit code 1 if any counter is wrong')
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
