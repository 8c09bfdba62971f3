import { brokenUnique } from '../platform/database/unique.js';
import { Option, type Command } from 'commander';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { AccountAdminService, NoSuchUser } from '../accounts/account-admin.service.js';
import { roles } from '../platform/http/viewer.js';
import { withServices } from './with-services.js';

const user = ['<user>', 'username or e-mail address'] as const;
const anyRole = () => new Option('--role <role>', 'what the account may do').choices(roles).default('user');
type Role = (typeof roles)[number];

/** `vitrine users …`: an operator's actions on accounts. */
export function addUserCommands(program: Command): void {
  const users = program.command('users').description('create, disable and enable accounts, make moderators');

  const change = (command: Command, done: string, work: (admin: AccountAdminService) => Promise<void>) =>
    withServices((services) => work(services.get(AccountAdminService))).then(
      () => void process.stderr.write(`${done}\n`),
      (error: unknown) => command.error(sentenceOf(error)),
    );

  users
    .command('create')
    .description('create an account with a verified address; the password is read from standard input')
    .argument('<username>')
    .argument('<email>')
    .addOption(anyRole())
    .action(async (username: string, email: string, { role }: { role: Role }, command: Command) => {
      if (process.stdin.isTTY) process.stderr.write('Password, then Ctrl-D: ');
      const password = (await text(process.stdin)).replace(/\r?\n$/, '');
      await change(command, `${username} created`, (admin) => admin.create({ username, email, password }, role));
    });

  users
    .command('disable')
    .description('disable an account and hide what it published, at once; `enable` reverts it')
    .argument(...user)
    .action((name: string, _: object, command: Command) => change(command, `${name} disabled`, (a) => a.disable(name)));

  users
    .command('enable')
    .description('enable a disabled account')
    .argument(...user)
    .action((name: string, _: object, command: Command) => change(command, `${name} enabled`, (a) => a.enable(name)));

  users
    .command('promote')
    .description('make an account a moderator or an admin, or a plain user again')
    .argument(...user)
    .addOption(anyRole().default('moderator'))
    .action((name: string, { role }: { role: Role }, command: Command) =>
      change(command, `${name} is ${role} now`, (admin) => admin.promote(name, role)),
    );

  users
    .command('reset-sessions')
    .description('sign an account out everywhere')
    .argument(...user)
    .option('--keys', 'revoke its API keys, too')
    .action((name: string, { keys = false }: { keys?: boolean }, command: Command) =>
      change(command, `${name} is signed out everywhere`, (admin) => admin.resetSessions(name, keys)),
    );
}

/** The operator's mistakes; other errors are ours and are rethrown. */
function sentenceOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  if (brokenUnique(error)) return 'The username or the e-mail address is taken.';
  if (error instanceof NoSuchUser) return error.message;
  throw error;
}
