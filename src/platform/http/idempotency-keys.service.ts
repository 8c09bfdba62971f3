import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { deriveKey, hmac, seal, unseal } from '../secrets.js';
import { Problem } from './problems.js';
import { sql } from '../database/sql.js';

/** Whose key it is. Of strangers, who could choose the same one, a key only counts together with its request. */
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

/** What was answered under a key; `claimed` is for whoever has it for the first time. */
export type Claim = { claimed: true } | { claimed: false; answer: unknown };

const nobody = '00000000-0000-0000-0000-000000000000';

/**
 * What was done under an `Idempotency-Key`, for 24 hours (draft-ietf-httpapi-idempotency-key-header). Answers hold
 * signed addresses, and at times keys and tokens: they are kept encrypted.
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

  /** @param request everything that makes it the same request. Its hash is keyed: bodies hold passwords. */
  named(userId: string | undefined, key: string, request: string): ClaimedKey {
    const requestHash = hmac(this.secret, request);
    return userId
      ? { userId, key, requestHash }
      : { userId: nobody, key: hmac(this.secret, `${key}\n${request}`), requestHash };
  }

  /**
   * In the transaction that does the work, before it: key and work commit together, so no crash can part them, and a
   * parallel request with the same key waits here for the commit.
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

  /** Lets `once` know, somewhere below, under which key the request came. */
  during<T>(request: KeyedRequest, handle: () => Promise<T>): Promise<T> {
    return this.asking.run(request, handle);
  }

  /**
   * Does the work in a transaction, and once under the request's key, if it has one; a repeat gets the first answer. What
   * takes long without the database, as hashing does, belongs before it: it would hold a connection.
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

  /** In the same transaction, when the work is done. */
  async keep({ userId, key }: ClaimedKey, status: number, answer: unknown): Promise<void> {
    await sql`
      update idempotency_keys set status = ${status}, body = ${
        answer === undefined ? null : JSON.stringify(seal(this.secret, JSON.stringify(answer)))
      } where user_id = ${userId} and key = ${key}`.all(this.em);
  }
}

/** @returns what the client sent. @throws {Problem} `malformed_request` */
export function idempotencyKeyOf(header: string | string[] | undefined): string | null {
  if (typeof header !== 'string') return null;
  if (/^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new Problem('malformed_request', 'Idempotency-Key: 1 to 255 printable ASCII characters.');
}
