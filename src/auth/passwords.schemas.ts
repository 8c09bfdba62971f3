import { dictionary } from '@zxcvbn-ts/language-common';
import { z } from 'zod';
import { toNfc, toNfkc } from '../platform/unicode.js';

/**
 * NFC, as RFC 8265 (OpaqueString) has it: the same keys pressed on two systems are one password, and no two different
 * characters become one, as NFKC would have it.
 */
export const normalPassword = (password: string) => toNfc(password) ?? password;

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
export function isPasswordPublic(password: string, { username, email }: { username: string; email: string }) {
  const given = normalPassword(password).toLowerCase();
  return [username, email, email.split('@')[0]!].some((known) => known.toLowerCase() === given);
}

export const knownPassword = 'is your name or your address';

const { min: minLength, max: maxLength } = passwordLength;
/** One that somebody chooses. */
export const NewPassword = z
  .string()
  .superRefine((value, context) => {
    const fault = passwordFault(value);
    if (fault) context.addIssue(fault);
  })
  .meta({
    minLength,
    maxLength,
    description: `${minLength} to ${maxLength} characters, any of them, but none of the most used passwords`,
    example: 'correct horse battery',
  });

/** One that somebody has: any length, so that the rules of another day keep nobody out. */
export const GivenPassword = z.string().min(1).max(1024, { abort: true }).meta({ example: 'correct horse battery' });
