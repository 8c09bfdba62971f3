import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, atMost, cpuOfProcess, inTurns, report, residentBytes, type Settings } from './measure.js';
import { makePeople, type Person } from './socket-people.js';
import { withSystem, type System } from './system.js';

const people = 1_000;
/** Of so many events for everybody each: a lasting load, not what a process does while it waits. */
const bursts = 5;
const perBurst = 10;
const KiB = 1024;

const path = (name: string) => fileURLToPath(new URL(`${name}.ts`, import.meta.url));
const script = (name: string) => fork(path(name), { execArgv: ['--import', path('built')] });

/** Sockets of 1,000 people in a process of their own. */
class Crowd {
  private readonly child = script('socket-clients');

  async open(origin: string, people: readonly Person[], name: string, after: [string, object][] = []): Promise<void> {
    this.child.send({ origin, auths: people.map(({ apiKey }) => ({ apiKey })), name, after });
    await this.says('open');
  }

  /** Runs `cause`, and waits until so many events were heard. */
  async hears(count: number, cause: () => Promise<unknown>): Promise<void> {
    this.child.send({ expect: count });
    await this.says('expecting');
    const heard = this.says('heard');
    await cause();
    await heard;
  }

  close(): void {
    this.child.kill();
  }

  private async says(word: string): Promise<void> {
    for (;;) {
      const [message] = (await once(this.child, 'message')) as [string];
      if (message === word) return;
    }
  }
}

/**
 * What events for each of 1,000 sockets cost the process that sends it, against bare Socket.IO with the same payload:
 * `streams` are logged, rendered and sent to each user; `rooms` are sent to all who watch a media.
 */
export async function socket({ pairs }: Settings): Promise<void> {
  await withSystem({ env: { RATE_LIMIT_FACTOR: '0', TRUST_PROXY: '127.0.0.1' }, workers: [] }, async (system) => {
    const crowd = await makePeople(system.db, people);
    const empty = await residentBytes(system.pid('api'));
    await streams(system, crowd, pairs, empty);
    await rooms(system, crowd, pairs);
  });
}

async function streams(system: System, crowd: Person[], pairs: number, empty: number): Promise<void> {
  const name = 'notifications.read';
  const ours = new Crowd();
  await ours.open(system.origin, crowd, name);
  await sleep(2_000);
  const each = (await residentBytes(system.pid('api'))) - empty;
  report('socket, idle, memory of each', 'KiB', { ours: [each / people / KiB] }, atMost(64));
  const tell = () =>
    system.db.query(
      `insert into realtime.pending (user_ids, name, ids) select $1, $2, $3 from generate_series(1, ${perBurst})`,
      [crowd.map(({ id }) => id), name, { upTo: randomBytes(24).toString('base64url') }],
    );
  const payload = {
    upTo: randomBytes(24).toString('base64url'),
    unreadCount: 0,
    cursor: 'x'.repeat(80),
    at: new Date(),
  };
  await against(pairs, 'streams', system.pid('api'), ours, tell, { how: 'each', name, payload });
}

async function rooms(system: System, crowd: Person[], pairs: number): Promise<void> {
  const name = 'media.counts';
  const urls = Array.from({ length: perBurst }, (_, i) => `watched${String(i).padStart(9, '0')}`);
  await system.db.query(
    `insert into medias (url, owner_id, type, shown, status)
     select url, (select id from users limit 1), 'photo', true, 'ready' from unnest($1::text[]) url`,
    [urls],
  );
  const ours = new Crowd();
  await ours.open(
    system.origin,
    crowd,
    name,
    urls.map((url) => ['media.watch', { url }]),
  );
  let burst = 0;
  const tell = () => {
    burst++;
    return Promise.all(urls.map((url) => like(system, url, burst % 2 === 0)));
  };
  const counts = { views: 0, likes: 1, dislikes: 0, reactions: 1, comments: 0, reposts: 0, saves: 0 };
  const payload = { url: urls[0]!, counts };
  await against(pairs, 'rooms', system.pid('api'), ours, tell, { how: 'all', name, payload });
}

async function like({ origin, user }: System, url: string, isLike: boolean): Promise<void> {
  const answer = await fetch(`${origin}/api/medias/${url}/likes`, {
    method: 'POST',
    headers: { ...user, 'content-type': 'application/json' },
    body: JSON.stringify({ isLike }),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}

/** Events per second of CPU. */
async function against(
  pairs: number,
  what: string,
  pid: number,
  crowd: Crowd,
  tell: () => Promise<unknown>,
  bareEvent: { how: 'all' | 'each'; name: string; payload: object },
): Promise<void> {
  const bare: ChildProcess = script('bare-sockets');
  const [port] = (await once(bare, 'message')) as [number];
  const others = new Crowd();
  try {
    await others.open(
      `http://127.0.0.1:${port}`,
      Array.from({ length: people }, () => ({ id: '', apiKey: '' })),
      bareEvent.name,
    );
    const perSecond = (of: number, one: Crowd, cause: () => Promise<unknown>) => async () => {
      const before = await cpuOfProcess(of);
      for (let n = 0; n < bursts; n++) await one.hears(perBurst * people, cause);
      return (bursts * perBurst * people) / ((await cpuOfProcess(of)) - before);
    };
    const samples = await inTurns(
      pairs,
      perSecond(pid, crowd, tell),
      perSecond(bare.pid!, others, async () => bare.send({ ...bareEvent, times: perBurst })),
    );
    report(`socket, ${what}, 1,000 sockets`, 'events/s of CPU', samples, atLeast(0.7));
  } finally {
    bare.kill();
    others.close();
    crowd.close();
  }
}
