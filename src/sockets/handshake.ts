import proxyAddr from '@fastify/proxy-addr';
import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { SocketCredentials, type Identified } from '../auth/socket-credentials.service.js';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { Problem } from '../platform/http/problems.js';
import { networkOf } from '../platform/limits/limited.js';
import { z } from 'zod';

const maxPerUser = 20;
const maxPerNetwork = 200;

export const Auth = z.object({
  token: z.string().optional(),
  apiKey: z.string().optional(),
  cursor: z.string().optional(),
});

/** Decides who may open a socket. */
@Injectable()
export class Handshake {
  private readonly byNetwork = new Map<string, number>();
  private readonly byUser = new Map<string, number>();
  private readonly isTrusted: ReturnType<typeof proxyAddr.compile>;

  constructor(
    private readonly credentials: SocketCredentials,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.isTrusted = proxyAddr.compile([...config.http.trustProxy]);
  }

  /** Browsers send an origin: only our own pages, and those of `CORS_ORIGINS`, may connect. */
  isKnownOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
    if (origin === undefined || this.config.http.corsOrigins.includes(origin)) return true;
    const given = URL.parse(origin);
    return given !== null && (given.host === host || given.origin === URL.parse(this.config.http.publicUrl)?.origin);
  }

  /**
   * @param auth what the client sent
   * @throws {Problem} `bad_credentials`, `email_not_verified`, `scope_missing`
   */
  async identify(auth: unknown): Promise<Identified & { cursor: string | undefined }> {
    const { token, apiKey, cursor } = Auth.safeParse(auth).data ?? {};
    const identified = token
      ? await this.credentials.byToken(token)
      : apiKey
        ? await this.credentials.byApiKey(apiKey)
        : null;
    if (!identified) throw new Problem('bad_credentials');
    if (!identified.viewer.emailVerified) throw new Problem('email_not_verified');
    if (!identified.viewer.scopes.includes('read'))
      throw new Problem('scope_missing', 'The key needs the scope `read`');
    return { ...identified, cursor };
  }

  /**
   * Counts one more.
   * @returns takes it back
   * @throws {Problem} `too_many_sockets`
   */
  admit(userId: string, request: IncomingMessage): () => void {
    const network = networkOf(proxyAddr(request, this.isTrusted));
    const counts = [
      { counted: this.byUser, key: userId, max: maxPerUser },
      { counted: this.byNetwork, key: network, max: maxPerNetwork },
    ];
    if (counts.some(({ counted, key, max }) => (counted.get(key) ?? 0) >= max)) throw new Problem('too_many_sockets');
    for (const { counted, key } of counts) counted.set(key, (counted.get(key) ?? 0) + 1);
    return () => {
      for (const { counted, key } of counts) {
        const left = counted.get(key)! - 1;
        if (left) counted.set(key, left);
        else counted.delete(key);
      }
    };
  }
}
