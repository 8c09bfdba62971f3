import type { Json } from '../setup/client.js';
import type { Facts, MediaFact } from './facts.js';
import type { World } from './world.js';

/** The actors of one kind of notification about one thing. */
interface Line {
  /** Who must be in it. */
  certain: Set<number>;
  /** Who may be in it: one of the two had blocked or muted the other for a while. */
  possible: Set<number>;
}
const kindOf = (emoji: string) => ({ '👍': 'like', '👎': 'dislike' })[emoji] ?? 'reaction';

/** What a user is notified of, by kind and thing, derived from the facts. */
function told(facts: Facts, reader: number): Map<string, Line> {
  const lines = new Map<string, Line>();
  const { blocks, mutes } = facts.tried;
  const tell = (kind: string, actor: number, media: MediaFact | null, thing: string) => {
    if (actor === reader || !facts.meet(reader, actor) || (media && !facts.sees(reader, media))) return;
    const isPossible =
      blocks.either(reader, actor) || mutes.has(reader, actor) || (media && blocks.either(reader, media.owner));
    const key = `${kind} ${thing}`;
    const line = lines.get(key) ?? { certain: new Set(), possible: new Set() };
    lines.set(key, line);
    line[isPossible ? 'possible' : 'certain'].add(actor);
  };

  for (const follower of facts.follows.to(reader)) tell('follow', follower, null, '');
  for (const media of facts.medias.filter(({ owner }) => owner === reader)) {
    for (const [user, emoji] of media.reactions) tell(kindOf(emoji), user, media, media.url);
    for (const user of media.reposts) tell('repost', user, media, media.url);
  }
  for (const { deleted, author, media, parent, names, url, reactions } of facts.comments) {
    if (deleted) continue;
    if (author === reader) for (const user of reactions.keys()) tell('comment_reaction', user, media, url);
    // One notification per user and comment.
    if (parent && !parent.deleted && parent.author === reader) tell('reply', author, media, url);
    else if (media.owner === reader) tell('comment', author, media, url);
    else if (names === reader) tell('mention_in_comment', author, media, url);
  }
  return lines;
}

/** @returns how a user's notifications differ from the facts */
export async function notificationErrors({ people, facts }: World, reader: number): Promise<string[]> {
  const { client } = people[reader]!;
  const items = await client.all('/api/notifications');
  const unread = await client.all('/api/notifications?filter=unread');
  const { body } = await client.get('/api/notifications/unread-count').expect(200);
  const wrong: string[] = [];
  if (body.count !== unread.length || unread.length !== items.filter(({ read }) => !read).length)
    wrong.push(`${reader} has ${unread.length} unread lines and unread_count ${body.count}`);

  const expected = told(facts, reader);
  const found = new Map<string, { count: number; actors: Set<number> }>();
  for (const { kind, media, comment, actors, actorsCount } of items) {
    const key = `${kind} ${comment?.url ?? media?.url ?? ''}`;
    const line = found.get(key) ?? { count: 0, actors: new Set() };
    found.set(key, line);
    line.count += actorsCount;
    for (const { username } of actors as Json[])
      line.actors.add(people.findIndex((person) => person.username === username));
    // The latest three actors are named.
    if (actors.length !== Math.min(actorsCount, 3))
      wrong.push(`${reader}: ${key} names ${actors.length} of ${actorsCount}`);
  }
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const { certain, possible } = expected.get(key) ?? { certain: new Set(), possible: new Set() };
    const { count, actors } = found.get(key) ?? { count: 0, actors: new Set() };
    const isRight =
      certain.size <= count &&
      count <= certain.size + possible.size &&
      [...actors].every((actor) => certain.has(actor) || possible.has(actor));
    if (!isRight)
      wrong.push(
        `${reader}: ${key} is notified of ${count} (${[...actors]}), not ${[...certain]} and perhaps ${[...possible]}`,
      );
  }
  return wrong;
}
