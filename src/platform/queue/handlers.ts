import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { discover, only } from './discover.js';
import { work, type JobName, type WorkName } from './jobs.js';
import { ON_JOB, type JobHandler } from './on-job.js';

/** Which method handles which job. Refuses to start a process in which a job has no handler, or two. */
@Injectable()
export class Handlers {
  private readonly byName = new Map<JobName, JobHandler<JobName>>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    const { discovery, scanner, reflector } = this;
    const found = discover<WorkName>(ON_JOB, { discovery, scanner, reflector });
    for (const name of Object.keys(work) as WorkName[]) {
      const methods = found.filter(({ metadata }) => metadata === name);
      this.put(name, only(`job ${name}`, methods).method as JobHandler<WorkName>);
    }
  }

  of(name: JobName): JobHandler<JobName> {
    const handler = this.byName.get(name);
    if (!handler) throw new Error(`No such job: ${name}`);
    return handler;
  }

  put<N extends JobName>(name: N, handler: JobHandler<N>): void {
    this.byName.set(name, handler as JobHandler<JobName>);
  }
}
