import { hash, verify, type Algorithm } from '@node-rs/argon2';

/** Argon2id (2; the library's enum can't be imported from isolated modules), as OWASP has it: 19 MiB, 2 passes, 1 lane. */
const options = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

export const hashPassword = (password: string): Promise<string> => hash(password.normalize('NFC'), options);

let nobody: Promise<string> | undefined;

/** Takes as long for an account that does not exist (`null`) as for a wrong password. */
export async function passwordMatches(passwordHash: string | null, password: string): Promise<boolean> {
  nobody ??= hashPassword('nobody has this password');
  const matches = await verify(passwordHash ?? (await nobody), password.normalize('NFC'));
  return passwordHash !== null && matches;
}
