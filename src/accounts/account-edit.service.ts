import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { CurrentPasswordService } from '../auth/current-password.service.js';
import { knownPassword, isPasswordPublic } from '../auth/passwords.schemas.js';
import { PasswordsService } from '../auth/passwords.service.js';
import { TokensService } from '../auth/tokens.service.js';
import { MovedCounts } from '../counters/moved-counts.service.js';
import { FollowRequests } from '../follows/follow-requests.service.js';
import { Bus } from '../platform/bus/bus.js';
import { packIds } from '../platform/bus/packed-ids.js';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import type { Viewer } from '../platform/http/viewer.js';
import { RateLimiter } from '../platform/limits/rate-limiter.service.js';
import type { Profile } from '../users/users.schemas.js';
import { UsersService } from '../users/users.service.js';
import type { AccountEdit } from './accounts.schemas.js';
import { AccountAccess } from './account-access.service.js';
import { CodesService } from './codes.service.js';
import { NamesService } from './names.service.js';
import { sql } from '../platform/database/sql.js';

interface Account {
  username: string;
  email: string;
}

/** Changes to an account by its owner. Name, address and password require the current password. */
@Injectable()
export class AccountEditService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly users: UsersService,
    private readonly requests: FollowRequests,
    private readonly password: CurrentPasswordService,
    private readonly passwords: PasswordsService,
    private readonly names: NamesService,
    private readonly codes: CodesService,
    private readonly tokens: TokensService,
    private readonly access: AccountAccess,
    private readonly limiter: RateLimiter,
    private readonly bus: Bus,
    private readonly moved: MovedCounts,
  ) {}

  /** Changes only the given fields; all of them or none. */
  async edit(viewer: Viewer, username: string, edit: AccountEdit): Promise<Profile> {
    await this.users.mustBeOwn(username, viewer);
    const { username: newName, email, newPassword, currentPassword, endOtherAccess = true, ...profile } = edit;
    const credentials = { newName, email, newPassword };
    if (await this.isOtherwise(viewer.id, profile.isPrivate)) await this.limiter.consume('privacy', viewer.id);
    const acceptPending = async () => {
      if (profile.isPrivate === false) await this.requests.acceptAll(viewer.id);
    };
    if (Object.values(credentials).every((value) => value === undefined)) {
      await this.em.transactional(async () => {
        await acceptPending();
        await this.users.edit(viewer.id, profile);
      });
    } else {
      if (!viewer.scopes.includes('account'))
        throw new Problem('scope_missing', 'Credentials need the scope `account`.');
      let passwordHash: string | undefined;
      // Not in the transaction, which would hold the account's row for as long.
      const prepare = async () => {
        if (newPassword !== undefined) passwordHash = await this.passwords.hash(newPassword);
      };
      const change = async () => {
        await this.limiter.consume('credentials', viewer.id);
        await this.users.edit(viewer.id, profile);
        if (newName !== undefined) await this.names.rename(viewer.id, newName);
        // Before the address: a new password cancels pending changes of address, and must not cancel this one.
        if (newPassword !== undefined && passwordHash !== undefined) {
          await this.refusePublic(viewer, newPassword, email);
          await this.setPassword(viewer, passwordHash, endOtherAccess);
        }
        if (email !== undefined) await this.requestEmail(viewer, email, endOtherAccess);
      };
      await this.password.confirm(viewer, currentPassword, change, { first: acceptPending, prepare });
    }
    if (profile.isPrivate !== undefined) this.moved.ofOwner(viewer.id);
    if (profile.showPresence !== undefined) this.bus.publish('presence', packIds([viewer.id]));
    return this.users.ownProfile(viewer.id);
  }

  /**
   * The old address stays until the code mailed to the new one is confirmed. Requesting the current address cancels
   * that.
   */
  private async requestEmail({ id: userId, sessionId }: Viewer, email: string, endOthers: boolean): Promise<void> {
    const isCurrent = (await this.account(userId)).email.toLowerCase() === email.toLowerCase();
    if (!isCurrent && (await this.names.hasAccount(email))) throw new Problem('email_taken');
    await sql`
      update users set pending_email = ${isCurrent ? null : email}, updated_at = now()
        where id = ${userId}`.all(this.em);
    if (isCurrent) return this.codes.forget(userId, 'change_email');
    await this.codes.request({ userId, email }, 'change_email');
    if (endOthers) await this.tokens.endAll(userId, sessionId);
    await this.outbox.record('account.changed', { userId, what: 'emailRequested' });
  }

  /** A password that is the name or an address of the account, the one asked for in the same request included. */
  private async refusePublic({ id }: Viewer, password: string, newEmail?: string): Promise<void> {
    const account = await this.account(id);
    const accounts = newEmail === undefined ? [account] : [account, { ...account, email: newEmail }];
    if (accounts.some((known) => isPasswordPublic(password, known)))
      throw new Problem('validation_failed', { errors: [{ pointer: '/newPassword', message: knownPassword }] });
  }

  private async setPassword(viewer: Viewer, passwordHash: string, endOtherAccess: boolean): Promise<void> {
    const { id: userId } = viewer;
    await sql`
      update users set password_hash = ${passwordHash}, updated_at = now()
        where id = ${userId}`.all(this.em);
    if (endOtherAccess) await this.access.endAll(userId, viewer);
    else await this.access.endClaims(userId);
    await this.outbox.record('account.changed', {
      userId,
      what: endOtherAccess ? 'passwordChanged' : 'passwordChangedOnly',
    });
  }

  private async isOtherwise(userId: string, isPrivate: boolean | undefined): Promise<boolean> {
    if (isPrivate === undefined) return false;
    const rows = await sql`select from users where id = ${userId} and is_private <> ${isPrivate}`.all(this.em);
    return rows.length > 0;
  }

  private async account(userId: string): Promise<Account> {
    const [account] = await sql<Account>`select username, email from users where id = ${userId}`.all(this.em);
    return account!;
  }
}
