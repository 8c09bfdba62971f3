import { SetMetadata } from '@nestjs/common';
import type { JobName, PayloadOf, WorkName } from './jobs.js';

export const ON_JOB = Symbol('on-job');

export interface JobContext {
  jobId: string;
  /** Aborts on timeout and on shutdown. Pass it to everything that can wait or spawn. */
  signal: AbortSignal;
  /** No attempt follows: record the failure in the row before throwing. */
  isLastAttempt: boolean;
}
export type JobHandler<N extends JobName> = (payload: PayloadOf<N>, context: JobContext) => Promise<void>;

/** Makes a provider's method THE handler of a job. */
export const OnJob =
  <N extends WorkName>(name: N) =>
  <H extends JobHandler<N>>(target: object, key: string | symbol, method: TypedPropertyDescriptor<H>) =>
    SetMetadata(ON_JOB, name)(target, key, method);
