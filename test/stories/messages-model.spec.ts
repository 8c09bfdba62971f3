import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { chance } from '../setup/chance.js';
import { Vitrine } from '../setup/vitrine.js';

type Person = Client & { username: string; apiKey: string };

let vitrine: Vitrine;
let people: Person[];
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: ['social,mail,maintenance'] });
  people = await Promise.all([vitrine.signUp(), vitrine.signUp(), vitrine.signUp()]);
  for (const one of people)
    for (const other of people) if (one !== other) await one.post(`/api/follows/${other.username}`).expect(201);
});
afterAll(() => vitrine?.stop());

interface Sent {
  id: string;
  seq: number;
  sender: Person;
  body: { type: 'text'; text: string; clientId: string };
  text: string;
  isDeleted: boolean;
  hiddenBy: Set<Person>;
  reactions: Map<Person, string>;
}
/** What each of two users must see. */
class Pair {
  readonly messages: Sent[] = [];
  readonly read = new Map<Person, number>();
  readonly delivered = new Map<Person, number>();
  readonly cleared = new Map<Person, number>();

  constructor(readonly members: [Person, Person]) {
    for (const member of members) for (const marks of [this.read, this.delivered, this.cleared]) marks.set(member, 0);
  }

  other(member: Person): Person {
    return this.members[member === this.members[0] ? 1 : 0];
  }

  seenBy(member: Person): Sent[] {
    return this.messages.filter(({ seq, hiddenBy }) => seq > this.cleared.get(member)! && !hiddenBy.has(member));
  }

  unread(member: Person): number {
    const from = Math.max(this.read.get(member)!, this.cleared.get(member)!);
    return this.messages.filter(({ seq, sender, isDeleted }) => seq > from && sender !== member && !isDeleted).length;
  }

  status(member: Person, { seq, sender }: Sent): string | undefined {
    if (sender !== member) return undefined;
    const other = this.other(member);
    return this.read.get(other)! >= seq ? 'read' : this.delivered.get(other)! >= seq ? 'delivered' : 'sent';
  }

  move(member: Person, seq: number, isRead: boolean): void {
    this.delivered.set(member, Math.max(this.delivered.get(member)!, seq));
    if (isRead) this.read.set(member, Math.max(this.read.get(member)!, seq));
  }
}

it('three users write, change, read and delete as a model says they do', async () => {
  const random = chance('messages');
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const pairs = [
    [0, 1],
    [0, 2],
    [1, 2],
  ].map(([a, b]) => new Pair([people[a!]!, people[b!]!]));

  const acts: Record<string, (pair: Pair, me: Person, path: string) => Promise<unknown>> = {
    async send(pair, me, path) {
      const body = { type: 'text' as const, text: `word${random(50)}`, clientId: randomUUID() };
      const { id, seq } = (await me.post(path, body).expect(201)).body;
      expect(seq).toBe(pair.messages.length + 1);
      const { text } = body;
      pair.messages.push({
        id,
        seq,
        sender: me,
        body,
        text,
        isDeleted: false,
        hiddenBy: new Set(),
        reactions: new Map(),
      });
      pair.move(me, seq, true);
    },
    async repeat(pair, me, path) {
      const mine = pair.seenBy(me).filter(({ sender }) => sender === me);
      if (mine.length)
        expect((await me.post(path, pick(mine).body).expect(200)).body).toMatchObject({ clientId: expect.any(String) });
    },
    async edit(pair, me, path) {
      const mine = pair.seenBy(me).filter(({ sender, isDeleted }) => sender === me && !isDeleted);
      if (!mine.length) return;
      const message = pick(mine);
      message.text = `other${random(50)}`;
      await me.put(`${path}/${message.id}`, { text: message.text }).expect(200);
    },
    async react(pair, me, path) {
      const alive = pair.seenBy(me).filter(({ isDeleted }) => !isDeleted);
      if (!alive.length) return;
      const message = pick(alive);
      if (random(3) === 0) {
        await me.delete(`${path}/${message.id}/reaction`).expect(204);
        message.reactions.delete(me);
      } else {
        const emoji = pick(['👍', '🎉']);
        await me.put(`${path}/${message.id}/reaction`, { emoji }).expect(200);
        message.reactions.set(me, emoji);
      }
    },
    async hide(pair, me, path) {
      const seen = pair.seenBy(me);
      if (!seen.length) return;
      const message = pick(seen);
      await me.delete(`${path}/${message.id}?for=me`).expect(204);
      message.hiddenBy.add(me);
    },
    async remove(pair, me, path) {
      const mine = pair.messages.filter(({ sender, seq }) => sender === me && seq > pair.cleared.get(me)!);
      if (!mine.length) return;
      const message = pick(mine);
      await me.delete(`${path}/${message.id}?for=everyone`).expect(204);
      Object.assign(message, { isDeleted: true, text: '' });
      message.reactions.clear();
    },
    async acknowledge(pair, me, path) {
      const seen = pair.seenBy(me);
      if (!seen.length) return;
      const { id, seq } = pick(seen);
      const isRead = random(2) === 0;
      await me.put(path.replace('messages', isRead ? 'read' : 'delivered'), { upTo: id }).expect(204);
      pair.move(me, seq, isRead);
    },
    async clear(pair, me, path) {
      if (!pair.messages.length || random(4)) return;
      await me.delete(path.replace('/messages', '')).expect(204);
      pair.cleared.set(me, pair.messages.length);
      pair.move(me, pair.messages.length, true);
    },
  };
  const names = ['send', 'send', 'send', ...Object.keys(acts)];

  const compare = async (pair: Pair, me: Person): Promise<void> => {
    const path = `/api/chats/${pair.other(me).username}`;
    const { body: item } = await me.get(path).expect(200);
    const seen = pair.seenBy(me).toReversed();
    expect(item).toMatchObject({
      unread: pair.unread(me),
      delivered: pair.delivered.get(pair.other(me)),
      read: pair.read.get(pair.other(me)),
    });
    expect(item.lastMessage?.id).toBe(seen[0]?.id);
    const shown = await me.all(`${path}/messages`, 100);
    if (seen[0]) pair.move(me, seen[0].seq, false);
    expect(
      shown.map(({ id, text, status, reactions }: Json) => ({ id, text, status, reactions: reactions.length })),
    ).toEqual(
      seen.map((message) => ({
        ...{ id: message.id, text: message.text, status: pair.status(me, message) },
        reactions: message.reactions.size,
      })),
    );
    const found = await me.all(`/api/chats/search?q=word&with=${pair.other(me).username}`, 100);
    expect(found.map(({ message }) => message.id)).toEqual(
      seen.filter(({ text }) => text.startsWith('word')).map(({ id }) => id),
    );
    const waiting = pairs.filter(({ members }) => members.includes(me)).filter((one) => one.unread(me) > 0);
    expect((await me.get('/api/chats/unread-count')).body.chats).toBe(waiting.length);
  };

  for (let i = 0; i < 400; i++) {
    const pair = pick(pairs);
    const me = pick(pair.members);
    const name = pick(names);
    try {
      await acts[name]!(pair, me, `/api/chats/${pair.other(me).username}/messages`);
      if (pair.messages.length && random(4) === 0) await compare(pair, pick(pair.members));
    } catch (error) {
      throw new Error(`at step ${i}: ${name}`, { cause: error });
    }
  }
  for (const pair of pairs) for (const member of pair.members) await compare(pair, member);
}, 180_000);
