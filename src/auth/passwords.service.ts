import { Injectable } from '@nestjs/common';
import { hash, verify, type Algorithm } from '@node-rs/argon2';
import { normalPassword } from './passwords.schemas.js';

/** Argon2id (2; the library's enum can't be imported from isolated modules), as OWASP has it: 19 MiB, 2 passes, 1 lane. */
const options = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

/** What is kept of passwords, and which fits. */
@Injectable()
export class PasswordsService {
  private nobody: Promise<string> | undefined;

  hash(password: string): Promise<string> {
    return hash(normalPassword(password), options);
  }

  /** Takes as long for an account that does not exist (`null`) as for a wrong password. */
  async matches(passwordHash: string | null, password: string): Promise<boolean> {
    this.nobody ??= this.hash('nobody has this password');
    const matches = await verify(passwordHash ?? (await this.nobody), normalPassword(password));
    return passwordHash !== null && matches;
  }
}
