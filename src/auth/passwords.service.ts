import { Injectable } from '@nestjs/common';
import { hash, verify, type Algorithm } from '@node-rs/argon2';
import { normalPassword } from './passwords.schemas.js';

/**
 * Argon2id (2; the library's enum can't be imported from isolated modules) with OWASP's parameters: 19 MiB, 2 passes, 1
 * lane.
 */
const options = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

/** Hashes and verifies passwords. */
@Injectable()
export class PasswordsService {
  private nobody: Promise<string> | undefined;

  hash(password: string): Promise<string> {
    return hash(normalPassword(password), options);
  }

  /** Takes equally long for an account that does not exist (`null`) and for a wrong password. */
  async matches(passwordHash: string | null, password: string): Promise<boolean> {
    this.nobody ??= this.hash('nobody has this password');
    const matches = await verify(passwordHash ?? (await this.nobody), normalPassword(password));
    return passwordHash !== null && matches;
  }
}
