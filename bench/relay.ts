import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { io, type Socket } from 'socket.io-client';
import { atMost, inTurns, median, report, type Settings } from './measure.js';
import { makePeople } from './socket-people.js';
import { answer, withSystem, type System } from './system.js';

const times = 40;

/**
 * From sending a message to hearing it at another socket, nothing else going on; against sending it and being answered,
 * and one NOTIFY from one connection to another.
 */
export async function relay({ pairs }: Settings): Promise<void> {
  await withSystem({ env: { RATE_LIMIT_FACTOR: '0' }, workers: [] }, async (system) => {
    const [ada, bob] = await makePeople(system.db, 2);
    await system.db.query(
      'insert into follows (follower_id, followee_id, accepted_at) values ($1, $2, now()), ($2, $1, now())',
      [ada!.id, bob!.id],
    );
    const socket = io(system.origin, { transports: ['websocket'], auth: { apiKey: bob!.apiKey } });
    await toHear(socket, 'ready');
    const say = () => write(system, ada!.apiKey);
    const heard = async () => {
      const told = toHear(socket, 'message.created');
      await say();
      await told;
    };
    const wire = await listening(system.databaseUrl);
    const answered = async () => {
      await say();
      await wire.notify();
    };
    const samples = await inTurns(pairs, timed(heard), timed(answered));
    report('message → socket', 'ms', samples, atMost(3));
    report('message → socket, idle', 'ms', { ours: samples.ours }, atMost(300));
    socket.disconnect();
    await wire.end();
  });
}

const toHear = (socket: Socket, name: string) =>
  new Promise<void>((resolve) => void socket.once(name, () => resolve()));

/** Median, ms. */
const timed = (act: () => Promise<void>) => async () => {
  const each: number[] = [];
  for (let i = 0; i < times; i++) {
    await sleep(30);
    const begun = performance.now();
    await act();
    each.push(performance.now() - begun);
  }
  return median(each);
};

async function write({ origin }: System, apiKey: string): Promise<void> {
  await answer(
    await fetch(`${origin}/api/chats/person-2/messages`, {
      method: 'POST',
      headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'text', text: 'Are you there?', clientId: randomUUID() }),
    }),
  );
}

async function listening(connectionString: string) {
  const [one, other] = [new pg.Client({ connectionString }), new pg.Client({ connectionString })];
  await one.connect();
  await other.connect();
  await other.query('listen bench');
  return {
    async notify() {
      const told = once(other, 'notification');
      await one.query('notify bench');
      await told;
    },
    end: () => Promise.all([one.end(), other.end()]),
  };
}
