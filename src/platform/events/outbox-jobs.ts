import { createHash } from 'node:crypto';
import { sql } from '../database/sql.js';
import { subscriptions, type Subscriber } from './subscriptions.js';

/** The same events for the same subscriber are the same job, also where a relay dies and another carries them again. */
export const jobIdOf = (name: Subscriber, eventIds: string[], variant = ''): string =>
  `${name}.${eventIds.length === 1 ? eventIds[0] : digest(eventIds.join(' '))}${variant && `.${digest(variant)}`}`;

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** @returns undefined where this version knows no such subscriber */
export function subscriberOf(jobId: string): Subscriber | undefined {
  const name = jobId.slice(0, jobId.indexOf('.'));
  return Object.hasOwn(subscriptions, name) ? (name as Subscriber) : undefined;
}

/** Takes a job off those that the events wait for. */
export const waitsNoMore = (eventIds: string[], jobId: string) => sql`
  update outbox_events set waiting = array_remove(waiting, ${jobId}) where id = any(${eventIds}::uuid[])`;
