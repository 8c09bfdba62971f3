import type { Command } from 'commander';
import { findingsOf, type Finding } from '../doctor/check.js';
import { databaseChecks } from '../doctor/database.checks.js';
import { machineChecks } from '../doctor/machine.checks.js';
import { queueChecks } from '../doctor/queue.checks.js';
import { serviceChecks } from '../doctor/services.checks.js';
import { readConfig } from '../platform/config/env.js';

const checks = [...serviceChecks, ...databaseChecks, ...queueChecks, ...machineChecks];
const signs: Record<Finding['state'], string> = { ok: 'ok     ', warning: 'warning', broken: 'BROKEN ' };

/** `vitrine doctor`: what an operator looks at first. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description(
      'check settings, database, queues, storage, mail, ffmpeg and machine, and say what to do; exit code 1 if something is broken',
    )
    .option('--json', 'one JSON line for each finding')
    .action(async ({ json = false }: { json?: boolean }) => {
      const config = readConfig();
      let isBroken = false;
      for (const check of checks) {
        for (const finding of await findingsOf(check, config)) {
          isBroken ||= finding.state === 'broken';
          process.stdout.write(
            json ? `${JSON.stringify({ check: check.name, ...finding })}\n` : lineOf(check.name, finding),
          );
        }
      }
      // What a check that was given up left open must not keep the command.
      process.exit(isBroken ? 1 : 0);
    });
}

const lineOf = (name: string, { state, found, remedy }: Finding): string =>
  `${signs[state]} ${name.padEnd(10)} ${found}\n${remedy ? `${' '.repeat(19)}${remedy}\n` : ''}`;
