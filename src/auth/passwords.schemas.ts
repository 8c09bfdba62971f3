import { dictionary } from '@zxcvbn-ts/language-common';
import { z } from 'zod';
import { toNfc, toNfkc } from '../platform/unicode.js';

/**
 * NFC, as in RFC 8265 (OpaqueString): the same keys pressed on two systems give one password, without merging different
 * characters as NFKC would.
 */
export const normalPassword = (password: string) => toNfc(password) ?? password;

export const passwordLength = { min: 8, max: 128 };

/** The most common passwords of public leaks: 49,000, of which 18,000 are long enough to matter. Lower case. */
const common = new Set(dictionary['passwords-common'].filter((word) => word.length >= passwordLength.min));

/** @returns what is wrong with a chosen password, or null */
export function passwordFault(password: string): string | null {
  // A lone surrogate has no UTF-8: all of them would hash alike.
  if (!password.isWellFormed()) return 'is not Unicode text';
  const { min, max } = passwordLength;
  const wrongLength = `needs ${min} to ${max} characters`;
  // A character in NFC comes from at most four characters of at most two units.
  if (password.length > max * 8) return wrongLength;
  const normalised = toNfc(password);
  if (normalised === null) return 'has too many combining marks on one character';
  // Counts characters as people do, not bytes or UTF-16 units.
  const { length } = [...normalised];
  if (length < min || length > max) return wrongLength;
  if (common.has(toNfkc(password)!.toLowerCase())) return 'is one of the most used passwords';
  return null;
}

/** Whether the password is publicly known about the account: its name, its address, or the part before the @. */
export function isPasswordPublic(password: string, { username, email }: { username: string; email: string }) {
  const given = normalPassword(password).toLowerCase();
  return [username, email, email.split('@')[0]!].some((known) => known.toLowerCase() === given);
}

export const knownPassword = 'is your name or your address';

const { min: minLength, max: maxLength } = passwordLength;
/** A password to be set. */
export const NewPassword = z
  .string()
  .superRefine((value, context) => {
    const fault = passwordFault(value);
    if (fault) context.addIssue(fault);
  })
  .meta({
    minLength,
    maxLength,
    description: `${minLength} to ${maxLength} characters of any kind, but none of the most used passwords`,
    example: 'correct horse battery',
  });

/** A password to be checked: any length, so that later rules lock nobody out. */
export const GivenPassword = z.string().min(1).max(1024, { abort: true }).meta({ example: 'correct horse battery' });
