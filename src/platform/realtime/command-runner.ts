import { MikroORM } from '@mikro-orm/core';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import type { DescribedCommand } from '../docs/asyncapi.js';
import { toProblem } from '../http/problem.filter.js';
import { Problem } from '../http/problems.js';
import type { Scope } from '../http/viewer.js';
import { problemOf } from '../http/validation.js';
import { RateLimiter } from '../limits/rate-limiter.service.js';
import type { RateLimitName } from '../limits/rate-limits.js';
import { Operation } from '../operation.js';
import { discover, only } from '../queue/discover.js';
import { commands, type CommandName } from './commands.js';
import { ON_COMMAND, type Caller, type Handling } from './on-command.js';

type Handle = (caller: Caller, body: object) => Promise<unknown>;
type Refusal = Omit<ReturnType<Problem['toDocument']>, 'type' | 'instance'>;
/** Of an invalid body: answers to a client that does not read are kept. */
const maxErrors = 8;
/** What a client gets as the acknowledgement. */
export type Acknowledgement = { data: unknown } | { error: Refusal };

/** Runs what clients ask through sockets. Refuses to start a process in which a command has no handler, or two. */
@Injectable()
export class CommandRunner implements OnModuleInit {
  private readonly logger = new Logger('Sockets');
  private readonly byName = new Map<CommandName, { handle: Handle } & Pick<Handling, 'body' | 'answer'>>();

  constructor(
    private readonly orm: MikroORM,
    private readonly limiter: RateLimiter,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    const { discovery, scanner, reflector } = this;
    const found = discover<Handling>(ON_COMMAND, { discovery, scanner, reflector });
    for (const name of Object.keys(commands) as CommandName[]) {
      const methods = found.filter(({ metadata }) => metadata.name === name);
      const { method, metadata } = only(`command ${name}`, methods);
      this.byName.set(name, { handle: method as unknown as Handle, ...metadata });
    }
  }

  /** All of them, for /asyncapi.json. */
  get described(): DescribedCommand[] {
    return [...this.byName].map(([name, { body, answer }]) => ({ name, scope: commands[name].scope, body, answer }));
  }

  /** Never throws. @param args what came with the event, without its acknowledgement */
  run(caller: Caller, name: string, args: readonly unknown[]): Promise<Acknowledgement> {
    return Operation.run(this.orm, { socket: caller.socketId, command: name.slice(0, 64) }, async () => {
      try {
        return { data: (await this.handle(caller, name, args)) ?? null };
      } catch (error) {
        const problem = toProblem(error);
        if (problem.getStatus() >= 500) this.logger.error({ err: error, code: problem.code }, 'command failed');
        return { error: refusalOf(problem) };
      }
    });
  }

  private async handle(caller: Caller, name: string, args: readonly unknown[]): Promise<unknown> {
    const handler = this.byName.get(name as CommandName);
    if (!handler) throw new Problem('command_unknown');
    const { scope, limit }: { scope: Scope; limit?: RateLimitName } = commands[name as CommandName];
    if (!caller.viewer.scopes.includes(scope))
      throw new Problem('scope_missing', `The key needs the scope \`${scope}\``);
    if (args.length !== 1)
      throw new Problem('validation_failed', { errors: [{ pointer: '', message: 'Send exactly one object' }] });
    if (limit) await this.limiter.consume(limit, caller.viewer.id);
    const parsed = handler.body.safeParse(args[0]);
    if (!parsed.success) throw problemOf(parsed.error.issues, maxErrors);
    return handler.handle(caller, parsed.data);
  }
}

/** What a client needs of a problem document; there is no page for its address. */
export function refusalOf(problem: Problem): Refusal {
  const { type: _, instance: __, ...refusal } = problem.toDocument();
  return refusal;
}
