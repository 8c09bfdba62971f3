import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { randomInt } from 'node:crypto';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import { deriveKey, hmac, sameSecret, sha256 } from '../platform/secrets.js';
import { AddressCounts, type CodeTrier } from './address-counts.service.js';
import type { CodePurpose } from './one-time-code.entity.js';
import { sql } from '../platform/database/sql.js';
import { isActive } from '../visibility/accounts.js';

interface CodeRow {
  id: string;
  user_id: string | null;
  hash: string | null;
  expired: boolean;
}

/**
 * Whom a code is for. Without `userId` the address may have no account: the same row is written and the same tries are
 * counted, so that neither answers nor timing reveal which addresses have one.
 */
export interface CodeOwner {
  /** The recipient. Mails and tries are counted by it. */
  email: string;
  userId?: string;
}
const subjectOf = ({ email, userId }: CodeOwner) => userId ?? sha256(email.toLowerCase());

/**
 * Anybody may request an address that belongs to somebody else, so tries for a new address are counted on the
 * requesting account.
 */
const triedOn = ({ email, userId }: CodeOwner, purpose: CodePurpose) =>
  purpose === 'change_email' && userId ? userId : email;

/** Six-digit codes that prove access to a mailbox. */
@Injectable()
export class CodesService {
  private readonly key: Buffer;

  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly counts: AddressCounts,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.key = deriveKey(config.secret, 'one-time-code');
  }

  /**
   * Requests a new code, which a job generates and mails. The previous code becomes invalid, but its tries still count.
   * @throws {Problem} `too_many_codes`
   */
  request(who: CodeOwner, purpose: CodePurpose): Promise<void> {
    const user = who.userId
      ? sql`${who.userId}::uuid`
      : sql`(select id from users where lower(email) = lower(${who.email}) and ${isActive('users')})`;
    const expiresAt = new Date(Date.now() + this.config.tokens.codeMs);
    return this.em.transactional(async (em) => {
      await this.counts.mail(who.email, purpose);
      // One account must not send mails to many addresses either.
      if (who.userId) await this.counts.mail(who.userId, purpose);
      const [code] = await sql<{ id: string }>`
        insert into one_time_codes as c (subject, user_id, purpose, expires_at)
        values (${subjectOf(who)}, ${user}, ${purpose}, ${expiresAt})
        on conflict (subject, purpose) do update set id = uuidv7(), user_id = excluded.user_id, hash = null,
          sent_at = null, expires_at = excluded.expires_at, created_at = now()
        returning id`.all(em);
      await this.outbox.record('code.requested', { codeId: code!.id });
    });
  }

  /**
   * Generates the code for a request and stores its hash. Null if it was mailed already, or replaced. A retry before
   * the mail was sent generates another code: the last mail counts.
   */
  async issue(codeId: string): Promise<string | null> {
    const code = String(randomInt(1_000_000)).padStart(6, '0');
    const issued = await sql<{ id: string }>`
      update one_time_codes set hash = ${this.hash(codeId, code)} where id = ${codeId} and sent_at is null
        returning id`.all(this.em);
    return issued.length ? code : null;
  }

  async sent(codeId: string): Promise<void> {
    await sql`update one_time_codes set sent_at = now() where id = ${codeId}`.all(this.em);
  }

  /**
   * Consumes the code and performs what it allows, in one transaction. Each try is counted by address, so neither many
   * networks, nor parallel requests, nor a new account give more tries.
   * @throws {Problem} `code_invalid`, `code_expired`, `too_many_tries`
   */
  async redeem(
    who: CodeOwner & { by: CodeTrier },
    purpose: CodePurpose,
    code: string,
    then: (em: EntityManager, userId: string) => Promise<unknown>,
  ): Promise<void> {
    const refusal = await this.em.transactional(async (em): Promise<Problem | null> => {
      // Locks the counter's row until the end, so that parallel tries run one after the other.
      const tooMany = await this.counts.attempt(triedOn(who, purpose), purpose, who.by);
      if (tooMany) return tooMany;
      const [row] = await sql<CodeRow>`
        select id, user_id, hash, expires_at < now() as expired from one_time_codes
        where subject = ${subjectOf(who)} and purpose = ${purpose} for update`.all(em);
      if (!row?.hash || !row.user_id || !sameSecret(row.hash, this.hash(row.id, code)))
        return new Problem('code_invalid');
      if (row.expired) return new Problem('code_expired');
      await sql`delete from one_time_codes where id = ${row.id}`.all(em);
      await this.counts.forgetTries(triedOn(who, purpose), purpose);
      await then(em, row.user_id);
      return null;
    });
    // Thrown outside the transaction, because a wrong try must be committed.
    if (refusal) throw refusal;
  }

  /** Invalidates a pending code. */
  async forget(userId: string, purpose: CodePurpose): Promise<void> {
    await sql`
      update one_time_codes set id = uuidv7(), hash = null, sent_at = now() where user_id = ${userId}
        and purpose = ${purpose}`.all(this.em);
  }

  /** Bound to one request, and through it to account and purpose. */
  private hash(codeId: string, code: string): string {
    return hmac(this.key, `${codeId}:${code}`);
  }
}
