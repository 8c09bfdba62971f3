import { createHash } from 'node:crypto';
import { sql } from '../database/sql.js';
import { subscriptions, type Subscriber } from './subscriptions.js';

/**
 * The same events for the same subscriber get the same job id, also when a relay dies and another one carries them
 * again.
 */
export const jobIdOf = (name: Subscriber, eventIds: string[], variant = ''): string =>
  `${name}.${eventIds.length === 1 ? eventIds[0] : digest(eventIds.join(' '))}${variant && `.${digest(variant)}`}`;

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** @returns undefined if this version has no such subscriber */
export function subscriberOf(jobId: string): Subscriber | undefined {
  const name = jobId.slice(0, jobId.indexOf('.'));
  return Object.hasOwn(subscriptions, name) ? (name as Subscriber) : undefined;
}

/** Removes a job from those that the events wait for. */
export const removeFromWaiting = (eventIds: string[], jobId: string) => sql`
  update outbox_events set waiting = array_remove(waiting, ${jobId}) where id = any(${eventIds}::uuid[])`;
