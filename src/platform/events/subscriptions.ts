import { exponential, minutes, seconds, type Terms } from '../queue/definition.js';
import type { EventName } from './events.js';

interface Subscription<E extends EventName, M extends Mode> extends Terms {
  event: E;
  mode: M;
}

/**
 * How a method gets events: `each` on its own, `together` as a list of up to `maxTogether`, or `paged`: one event,
 * called once for each page of the people it concerns.
 */
export type Mode = 'each' | 'together' | 'paged';
export const maxTogether = 100;

const social = { queue: 'social', attempts: 12, backoff: exponential(seconds(1)), timeout: minutes(1) } as const;
const fanout = { ...social, queue: 'fanout' } as const;
const mail = { queue: 'mail', attempts: 12, backoff: exponential(seconds(2)), timeout: minutes(1) } as const;
const push = { ...mail, queue: 'push', attempts: 5 } as const;
const maintenance = {
  queue: 'maintenance',
  attempts: 12,
  backoff: exponential(seconds(2)),
  timeout: minutes(5),
} as const;

const on = <E extends EventName, M extends Mode>(event: E, terms: Terms, mode: M): Subscription<E, M> => ({
  event,
  mode,
  ...terms,
});

/**
 * Who reacts to what, on one page: each line is a job of that name, and its @OnEvent method. Names are stable: they are
 * in the queue, on its dashboard and in metrics. A process refuses to boot when a line has no method, or two.
 */
export const subscriptions = {
  'mail-code': on('code.requested', mail, 'each'),
  'mail-notice': on('account.changed', mail, 'each'),
  'mail-export': on('export.requested', mail, 'each'),
  'mail-goodbye': on('account.erased', mail, 'each'),

  'count-rows': on('account.state.changed', maintenance, 'each'),
  'end-watching': on('account.state.changed', social, 'each'),
  'end-watching-of-closed': on('account.closed', social, 'each'),
  'erase-account': on('account.closed', maintenance, 'each'),

  // On `social`, so that they never wait behind cleanup: users wait for these.
  'start-processing': on('file.uploaded', social, 'each'),
  'start-over': on('file.redo', social, 'each'),
  'make-squares': on('photo.wished', social, 'each'),
  'embed-picture': on('file.pictured', social, 'each'),
  'embed-picture-again': on('file.ready', social, 'each'),
  'delete-bytes': on('file.deleted', maintenance, 'together'),
  'delete-avatar': on('avatar.orphaned', maintenance, 'each'),
  'delete-object': on('bytes.orphaned', maintenance, 'each'),

  'show-media': on('file.playable', social, 'each'),
  'settle-media': on('file.ready', social, 'each'),
  'fail-media': on('file.failed', social, 'each'),
  'unsettle-media': on('file.uploaded', social, 'each'),

  'update-messages': on('file.ready', social, 'each'),
  'fail-messages': on('file.failed', social, 'each'),

  'tell-reaction': on('reaction.changed', social, 'together'),
  'tell-comment-reaction': on('comment.reaction.changed', social, 'together'),
  'tell-comment': on('comment.changed', social, 'together'),
  'withdraw-from-deleted': on('comment.deleted', fanout, 'paged'),
  'tell-follow': on('follow.changed', social, 'together'),
  'tell-repost': on('repost.changed', social, 'together'),
  'tell-mentions': on('mentions.changed', social, 'together'),
  'tell-mentions-of-new': on('media.published', social, 'together'),
  'tell-followers': on('media.published', fanout, 'paged'),
  'push-messages': on('chat.told', social, 'each'),
  'push-to-browser': on('push.due', push, 'each'),
  'push-notification': on('notification.push.due', push, 'each'),
  'tell-messages': on('chat.told', social, 'together'),
  'tell-failure': on('file.failed', social, 'together'),
  'withdraw-failure': on('file.uploaded', social, 'together'),
  'write-post': on('media.published', fanout, 'paged'),
  'write-repost': on('repost.changed', fanout, 'paged'),
  'tell-feeds': on('feed.changed', fanout, 'paged'),
  'settle-sources': on('follow.changed', social, 'together'),
  'build-timeline': on('timeline.wanted', fanout, 'each'),
  'withdraw-blocked': on('block.changed', social, 'each'),
} as const;

export type Subscriber = keyof typeof subscriptions;
export type EventFor<S extends Subscriber> = (typeof subscriptions)[S]['event'];
