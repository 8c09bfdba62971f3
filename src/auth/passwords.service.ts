import { Injectable } from '@nestjs/common';
import { hash, verify, type Algorithm } from '@node-rs/argon2';
import pLimit from 'p-limit';
import { availableParallelism } from 'node:os';
import { Problem } from '../platform/http/problems.js';
import { normalPassword } from './passwords.schemas.js';

/**
 * Argon2id (2; the library's enum can't be imported from isolated modules) with OWASP's parameters: 19 MiB, 2 passes, 1
 * lane.
 */
const options = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

/** Each takes a core for some 25 ms. With fewer threads than there are, files are read while passwords wait. */
const atOnce = pLimit(Math.max(2, availableParallelism()));
/** Requests that may wait for their turn, a second or two. */
const maxWaiting = 100;

/** Hashes and verifies passwords. */
@Injectable()
export class PasswordsService {
  private nobody: Promise<string> | undefined;

  /** @throws {Problem} `unavailable` if too many wait */
  hash(password: string): Promise<string> {
    return inTurn(() => hash(normalPassword(password), options));
  }

  /**
   * Takes equally long for an account that does not exist (`null`) and for a wrong password.
   * @throws {Problem} `unavailable` if too many wait
   */
  async matches(passwordHash: string | null, password: string): Promise<boolean> {
    // Not in turn: what is refused once would be kept.
    this.nobody ??= hash('nobody has this password', options);
    const expected = passwordHash ?? (await this.nobody);
    const matches = await inTurn(() => verify(expected, normalPassword(password)));
    return passwordHash !== null && matches;
  }
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (atOnce.pendingCount >= maxWaiting)
    throw new Problem('unavailable', {
      detail: 'Too many passwords are being checked. Try again in a moment.',
      headers: { 'retry-after': '2' },
    });
  return atOnce(work);
}
