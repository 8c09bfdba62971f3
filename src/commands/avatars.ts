import { InvalidArgumentError, type Command } from 'commander';
import { AvatarTokens } from '../avatars/avatar-token.js';
import { Hash } from '../avatars/avatars.schemas.js';
import { AvatarsService } from '../avatars/avatars.service.js';
import { Problem } from '../platform/http/problems.js';
import { withServices } from './with-services.js';

const defaultSeconds = 600;

/** `vitrine avatars …`: what an operator of the avatar service does. */
export function addAvatarCommands(program: Command): void {
  const avatars = program.command('avatars').description('the default avatar, and tokens for uploads');

  avatars
    .command('set-default')
    .description('show this picture wherever a hash has no avatar, instead of one drawn from the hash')
    .argument('<file>', 'JPEG, PNG, GIF or WebP')
    .action(async (file: string, _: object, command: Command) => {
      await withServices((services) => services.get(AvatarsService).setDefault(file)).catch((error: unknown) => {
        if (error instanceof Problem) command.error(error.toDocument().detail);
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') command.error(`There is no file ${file}`);
        throw error;
      });
      process.stderr.write('The default avatar is set\n');
    });

  avatars
    .command('clear-default')
    .description('show avatars drawn from the hash again')
    .action(async () => {
      const cleared = await withServices((services) => services.get(AvatarsService).clearDefault());
      process.stderr.write(cleared ? 'The default avatar is cleared\n' : 'There was no default avatar\n');
    });

  avatars
    .command('token')
    .description('print a token that may upload and delete the avatar of one hash')
    .argument('<hash>', '40 hexadecimal digits', hashIn)
    .option('--seconds <n>', 'how long it is valid', secondsIn, defaultSeconds)
    .action(async (hash: string, { seconds }: { seconds: number }) => {
      const token = await withServices(async (services) => services.get(AvatarTokens).sign(hash, seconds));
      process.stdout.write(`${token}\n`);
    });
}

function hashIn(text: string): string {
  const hash = Hash.safeParse(text);
  if (!hash.success) throw new InvalidArgumentError('It has 40 hexadecimal digits.');
  return hash.data;
}

function secondsIn(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1) throw new InvalidArgumentError('It is a whole number of seconds.');
  return seconds;
}
