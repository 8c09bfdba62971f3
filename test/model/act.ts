import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Json } from '../setup/client.js';
import type { CommentFact, Facts, MediaFact } from './facts.js';
import type { World } from './world.js';

/** One request, and its allowed answers. */
export interface Act {
  request: [method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object];
  /** The status unless something prevents it. */
  status: number | readonly number[];
  /** Refusals that others may have caused; evaluated when the answer arrives, since until then they had time to. */
  refusals?: () => number[];
  /** It must have failed. */
  refused?: boolean;
  /** The same actor tried this deletion before: if theirs succeeded, it is acknowledged again. */
  again?: boolean;
  /** Records what is true from now on. */
  done: (body: Json) => void;
}

/** What may prevent an act on a media. */
export const atMedia = (facts: Facts, actor: number, media: MediaFact) => ({
  refused: media.deleted || facts.blocks.has(actor, media.owner),
  refusals: () => (facts.mayBeGone(actor, media) || facts.tried.blocks.either(actor, media.owner) ? [404] : []),
});

export function atComment(facts: Facts, actor: number, comment: CommentFact) {
  const media = atMedia(facts, actor, comment.media);
  return {
    refused: media.refused || comment.deleted || facts.blocks.has(actor, comment.author),
    refusals: () =>
      facts.mayBeGone(actor, comment) || facts.tried.blocks.either(actor, comment.author) ? [404] : media.refusals(),
  };
}

/** For withdrawing one's own act: blocks do not matter, only whether the thing still exists. */
export const ofTheirs = (facts: Facts, actor: number, thing: MediaFact | CommentFact) => ({
  refused: thing.deleted || ('media' in thing && thing.media.deleted),
  refusals: () =>
    facts.mayBeGone(actor, thing) || ('media' in thing && facts.mayBeGone(actor, thing.media)) ? [404] : [],
});

/** For acts on another user; nobody can do them to themselves. */
export const atUser = ({ tried }: Facts, actor: number, other: number) => ({
  refusals: () => (tried.blocks.has(other, actor) ? [404] : []),
  ...(actor === other && { refused: true, refusals: () => [422] }),
});

/** @returns what was wrong with the answer */
export async function perform({ people }: World, actor: number, act: Act): Promise<string | null> {
  const { answer, repeated } = await send(people[actor]!.client.send.bind(people[actor]!.client), act);
  const { status, body } = answer;
  const good = [act.status, ...(repeated ? [200, 204] : [])].flat();
  if (good.includes(status) && !act.refused) {
    act.done(body);
    return null;
  }
  if (act.refusals?.().includes(status)) return null;
  if (act.again && act.refused && status === 204) return null;
  // The first of two answers was lost with its process.
  if (repeated && act.request[0] === 'DELETE' && status === 404) {
    act.done(body);
    return null;
  }
  const expected = [act.refused ? [] : good, act.refusals?.() ?? []].flat();
  return `${actor}: ${act.request.slice(0, 2).join(' ')} was answered ${status} ${body?.code ?? ''}, not ${expected.join(' or ')}`;
}

/** Repeats the request until there is an answer; idempotency makes it happen once. */
async function send(
  ask: (method: string, path: string, body: object | undefined, headers: Record<string, string>) => Promise<Answer>,
  { request: [method, path, body] }: Act,
): Promise<{ answer: Answer; repeated: boolean }> {
  const headers: Record<string, string> = method === 'POST' ? { 'idempotency-key': crypto.randomUUID() } : {};
  for (let repeated = false; ; repeated = true) {
    const answer = await ask(method, path, body, headers).catch((error: unknown) => {
      // What fetch throws when the process is gone.
      if (!(error instanceof TypeError)) throw error;
      return null;
    });
    if (answer) return { answer, repeated };
    await sleep(100);
  }
}
