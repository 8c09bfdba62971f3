import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { discover, type Found } from './discover.js';
import { jobs, type JobName } from './jobs.js';
import { ON_JOB, type JobHandler } from './on-job.js';

/** Which method does which job. Refuses to start a process in which a job has no handler, or two. */
@Injectable()
export class Handlers {
  private readonly byName = new Map<JobName, JobHandler<JobName>>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    const found = discover<JobName>(ON_JOB, {
      discovery: this.discovery,
      scanner: this.scanner,
      reflector: this.reflector,
    });
    const mistakes = (Object.keys(jobs) as JobName[]).flatMap((name) => this.accept(name, found));
    if (mistakes.length) throw new Error(`The job catalogue and its handlers do not fit:\n  ${mistakes.join('\n  ')}`);
  }

  of(name: JobName): JobHandler<JobName> {
    const handler = this.byName.get(name);
    if (!handler) throw new Error(`No such job: ${name}`);
    return handler;
  }

  private accept(name: JobName, found: Found<JobName>[]): string[] {
    const candidates = found.filter((f) => f.metadata === name);
    const [only] = candidates;
    if (!only) return [`${name} has no handler`];
    if (candidates.length > 1) return [`${name} has several handlers: ${candidates.map((c) => c.where).join(', ')}`];
    this.byName.set(name, only.method as JobHandler<JobName>);
    return [];
  }
}
