import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import type { DescribedEvent } from '../docs/asyncapi.js';
import { discover, only } from '../queue/discover.js';
import { isForProcesses, liveEvents, type ShownName } from './live-events.js';
import type { Logged } from './log.js';
import { RENDERS, type Rendering } from './renders.js';

type Render = (told: { userId: string; ids: object }[]) => Promise<(object | null)[]>;

/** Turns rows of the log into what clients are told. Refuses to start a process in which a live event has no method, or two. */
@Injectable()
export class Renderers implements OnModuleInit {
  private readonly byName = new Map<string, Render>();
  /** All of them, for /asyncapi.json. */
  readonly described: DescribedEvent[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    const { discovery, scanner, reflector } = this;
    const found = discover<Rendering>(RENDERS, { discovery, scanner, reflector });
    for (const name of Object.keys(liveEvents).filter((name) => !isForProcesses(name)) as ShownName[]) {
      const methods = found.filter(({ metadata }) => metadata.name === name);
      const { method, metadata } = only(`live event ${name}`, methods);
      this.byName.set(name, method as unknown as Render);
      this.described.push({ name, payload: metadata.payload, isLasting: true });
    }
  }

  /** @returns of each row its payload; null where there is nothing to tell the client */
  async render(rows: readonly Logged[]): Promise<(object | null)[]> {
    const payloads = rows.map((): object | null => null);
    const byName = Map.groupBy(rows.keys(), (i) => rows[i]!.name);
    for (const [name, places] of byName) {
      // One that only a newer version knows is skipped, as is what only processes need.
      const rendered = await this.byName.get(name)?.(
        places.map((i) => ({ userId: rows[i]!.userId, ids: rows[i]!.ids })),
      );
      rendered?.forEach((payload, i) => (payloads[places[i]!] = payload));
    }
    return payloads;
  }
}
