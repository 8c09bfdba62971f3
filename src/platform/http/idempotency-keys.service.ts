import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { deriveKey, hmac, seal, unseal } from '../secrets.js';
import { Problem } from './problems.js';
import { sql } from '../database/sql.js';

/** The owner of a key. Anonymous clients could choose the same key, so theirs includes the request. */
export interface ClaimedKey {
  userId: string;
  key: string;
  requestHash: string;
}

/** A request with a key. */
export interface KeyedRequest {
  named: ClaimedKey;
  /** What the route answers when it succeeds. */
  status: number;
  onReplay: () => void;
}

/** The first request claims the key; later ones get its answer. */
export type Claim = { claimed: true } | { claimed: false; answer: unknown };

const nobody = '00000000-0000-0000-0000-000000000000';

/**
 * What was done under an `Idempotency-Key`, for 24 hours (draft-ietf-httpapi-idempotency-key-header). Answers are
 * stored encrypted: they hold signed addresses, and some hold keys or tokens.
 */
@Injectable()
export class IdempotencyKeys {
  private readonly secret: Buffer;
  private readonly asking = new AsyncLocalStorage<KeyedRequest>();

  constructor(
    private readonly em: EntityManager,
    @Inject(CONFIG) config: Config,
  ) {
    this.secret = deriveKey(config.secret, 'idempotency');
  }

  /** @param request everything that identifies the request. Its hash is keyed: bodies hold passwords. */
  named(userId: string | undefined, key: string, request: string): ClaimedKey {
    const requestHash = hmac(this.secret, request);
    return userId
      ? { userId, key, requestHash }
      : { userId: nobody, key: hmac(this.secret, `${key}\n${request}`), requestHash };
  }

  /**
   * To be called in the work's transaction, before the work: key and work commit together, and a parallel request with
   * the same key waits here for the commit.
   * @throws {Problem} `idempotency_mismatch`
   */
  async claim({ userId, key, requestHash }: ClaimedKey): Promise<Claim> {
    const [mine] = await sql`
      insert into idempotency_keys (user_id, key, request_hash) values (${userId}, ${key}, ${requestHash})
        on conflict do nothing returning 1`.all(this.em);
    if (mine) return { claimed: true };
    const [first] = await sql<{ request_hash: string; body: string | null }>`
      select request_hash, body from idempotency_keys where user_id = ${userId} and key = ${key}`.all(this.em);
    if (first?.request_hash !== requestHash) throw new Problem('idempotency_mismatch');
    return { claimed: false, answer: first.body === null ? undefined : JSON.parse(unseal(this.secret, first.body)) };
  }

  /** Passes the request's key to `once`, wherever `handle` calls it. */
  during<T>(request: KeyedRequest, handle: () => Promise<T>): Promise<T> {
    return this.asking.run(request, handle);
  }

  /**
   * Does the work in a transaction, once per key if the request has one; a repeat gets the first answer. Slow work
   * without the database, such as hashing, belongs before it: it would hold a connection.
   */
  once<T>(work: () => Promise<T>): Promise<T> {
    const request = this.asking.getStore();
    return this.em.transactional(async () => {
      if (!request) return work();
      const claim = await this.claim(request.named);
      if (!claim.claimed) {
        request.onReplay();
        return claim.answer as T;
      }
      const answer = await work();
      await this.keep(request.named, request.status, answer);
      return answer;
    });
  }

  /** Stores the answer, in the same transaction, after the work. */
  async keep({ userId, key }: ClaimedKey, status: number, answer: unknown): Promise<void> {
    await sql`
      update idempotency_keys set status = ${status}, body = ${
        answer === undefined ? null : JSON.stringify(seal(this.secret, JSON.stringify(answer)))
      } where user_id = ${userId} and key = ${key}`.all(this.em);
  }
}

/**
 * @returns the key of the request, or null
 * @throws {Problem} `malformed_request`
 */
export function idempotencyKeyOf(header: string | string[] | undefined): string | null {
  if (typeof header !== 'string') return null;
  if (/^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new Problem('malformed_request', 'Idempotency-Key: 1 to 255 printable ASCII characters.');
}
