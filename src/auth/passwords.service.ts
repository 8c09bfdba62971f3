import { hash, verify, type Algorithm } from '@node-rs/argon2';
import { dictionary } from '@zxcvbn-ts/language-common';
import { toNfc, toNfkc } from '../platform/unicode.js';

/** Argon2id (2; the library's enum can't be imported from isolated modules), as OWASP has it: 19 MiB, 2 passes, 1 lane. */
const options = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

/**
 * NFC, as RFC 8265 (OpaqueString) has it: the same keys pressed on two systems are one password, and no two different
 * characters become one, as NFKC would have it.
 */
const normal = (password: string) => toNfc(password) ?? password;

export const hashPassword = (password: string): Promise<string> => hash(normal(password), options);

let nobody: Promise<string> | undefined;

/** Takes as long for an account that does not exist (`null`) as for a wrong password. */
export async function passwordMatches(passwordHash: string | null, password: string): Promise<boolean> {
  nobody ??= hashPassword('nobody has this password');
  const matches = await verify(passwordHash ?? (await nobody), normal(password));
  return passwordHash !== null && matches;
}

export const passwordLength = { min: 8, max: 128 };

/** The commonest of public leaks: 49,000, of which 18,000 are long enough to be asked about. Lower case. */
const common = new Set(dictionary['passwords-common'].filter((word) => word.length >= passwordLength.min));

/** @returns what is wrong with a password that somebody chooses, or null */
export function passwordFault(password: string): string | null {
  // Half a surrogate pair has no UTF-8: all of them would hash alike.
  if (!password.isWellFormed()) return 'is not Unicode text';
  const { min, max } = passwordLength;
  const wrongLength = `needs ${min} to ${max} characters`;
  // No character of NFC has more than four of what is not normalised, nor more than two units.
  if (password.length > max * 8) return wrongLength;
  const normalised = toNfc(password);
  if (normalised === null) return 'has too many combining marks on one character';
  // Characters, as people count them; bytes and UTF-16 units don't matter.
  const { length } = [...normalised];
  if (length < min || length > max) return wrongLength;
  if (common.has(toNfkc(password)!.toLowerCase())) return 'is one of the most used passwords';
  return null;
}

/** Whether the password is what everybody knows about the account: its name, its address, or what stands before the @. */
export function passwordTellsNothing(password: string, { username, email }: { username: string; email: string }) {
  const given = normal(password).toLowerCase();
  return [username, email, email.split('@')[0]!].some((known) => known.toLowerCase() === given);
}
