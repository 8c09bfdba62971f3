import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { statementsOf } from '../test/setup/statements.js';
import { random, type BareRoute } from './bare-route.js';
import { inProcess } from './in-process.js';
import { atMost, cpuOfProcess, inTurns, median, report, type Settings } from './measure.js';
import { withServer } from './server.js';
import { signUp, until, withSystem, type System } from './system.js';

const people = 40;
const things = 25;
const connections = 10;

interface Deed {
  name: string;
  /** What the n-th of the things is, and how somebody does it to it. */
  path: (thing: number) => string;
  body?: object;
  /** SQL that undoes it all. */
  undo: string;
}
interface Doing {
  path: string;
  headers: Record<string, string>;
  body: object | undefined;
}

const deeds: Deed[] = [
  {
    name: 'like',
    path: (thing) => `/api/medias/${urlOf(thing)}/likes`,
    body: { isLike: true },
    undo: 'delete from reactions',
  },
  {
    name: 'comment',
    path: (thing) => `/api/comments/medias/${urlOf(thing)}`,
    body: { text: 'Well seen, and well said.' },
    undo: 'delete from comments',
  },
  { name: 'follow', path: (thing) => `/api/follows/${nameOf(thing)}`, undo: 'delete from follows' },
];
const urlOf = (thing: number) => `bench${String(thing).padStart(11, '0')}`;
const nameOf = (thing: number) => `followed-${thing}`;

/**
 * What forty people do to twenty-five things costs all processes and the database together, until nothing is left to do;
 * against a bare Fastify that runs the transactions alone: no events, nothing that follows.
 */
export async function consequences({ pairs }: Settings): Promise<void> {
  await withSystem({ env: { RATE_LIMIT_FACTOR: '0' }, workers: ['social,maintenance'] }, async (system) => {
    await makeThings(system);
    const users: Record<string, string>[] = [];
    for (let i = 0; i < people; i++) users.push(await signUp(system.origin, system.db));
    // Nobody mails their codes here.
    await system.db.query('delete from outbox_events');
    for (const deed of deeds) await measure(system, deed, users, pairs);
    const wait = await latency(system, users);
    report('like → notification, idle', 'ms', { ours: wait }, atMost(300));
  });
}

async function makeThings({ db }: System): Promise<void> {
  await db.query(`insert into users (username, email, email_verified_at, password_hash, display_name)
    select 'followed-' || i, 'followed-' || i || '@example.org', now(), '-', 'Followed ' || i
    from generate_series(0, ${things - 1}) i`);
  await db.query(`insert into medias (url, owner_id, type, shown, status)
    select 'bench' || lpad(i::text, 11, '0'), u.id, 'photo', true, 'ready'
    from generate_series(0, ${things - 1}) i join users u on u.username = 'followed-' || mod(i, 5)`);
}

async function measure(system: System, deed: Deed, users: Record<string, string>[], pairs: number): Promise<void> {
  const doings = users.flatMap((user) =>
    Array.from({ length: things }, (_, thing) => ({
      path: deed.path(thing),
      headers: deed.body ? { ...user, 'content-type': 'application/json' } : user,
      body: deed.body,
    })),
  );
  const file = join(system.dataDir, 'route.json');
  await writeFile(file, JSON.stringify(await bareRoute(system, doings)));
  const database = await postmaster(system);
  await withServer('bare-sql', [file], async (bare, pid) => {
    const cost = (origin: string, processes: () => Promise<number[]>, settled: () => Promise<void>) => async () => {
      await system.db.query(deed.undo);
      await system.db.query(`delete from notifications; delete from outbox_events`);
      await sleep(1_000);
      const before = await cpuOf(await processes());
      await doAll(origin, doings);
      await settled();
      return ((await cpuOf(await processes())) - before) * (1_000 / doings.length);
    };
    const ours = async () => [system.pid('api'), system.pid('social,maintenance'), ...(await childrenOf(database))];
    const theirs = async () => [pid, ...(await childrenOf(database))];
    const samples = await inTurns(
      pairs,
      cost(system.origin, ours, () => settled(system)),
      cost(bare, theirs, async () => {}),
    );
    report(`${deed.name}, CPU of all that follows`, 'ms', samples, atMost(3));
  });
}

/** Ten at a time. @throws where one is refused */
async function doAll(origin: string, doings: Doing[]): Promise<void> {
  let next = 0;
  const connection = async () => {
    for (let doing = doings[next++]; doing; doing = doings[next++]) {
      const { path, headers, body } = doing;
      const answer = await fetch(origin + path, {
        method: 'POST',
        headers,
        ...(body && { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${answer.status} of ${path}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
}

const settled = ({ db }: System) =>
  until(
    async () => {
      const { rows } = await db.query(`select from outbox_events where dispatched_at is null or waiting <> '{}'
        union all select from medias where likes_count <> likes_carried limit 1`);
      return rows.length === 0;
    },
    'all consequences',
    60_000,
    100,
  );

/** The statements of each doing, as the same API in this process sends them, without the event. */
async function bareRoute(system: System, doings: Doing[]): Promise<BareRoute> {
  return inProcess(system, async (app) => {
    const turns: BareRoute['turns'] = [];
    let answered = '';
    for (const { path, headers, body } of doings) {
      const statements = await statementsOf(async () => {
        const answer = await app.inject({ method: 'POST', url: path, headers, ...(body && { payload: body }) });
        if (answer.statusCode >= 300) throw new Error(`${answer.statusCode} of ${path}: ${answer.body}`);
        answered = answer.body;
      });
      const url = answered ? (JSON.parse(answered) as { url?: string }).url : undefined;
      turns.push(
        statements
          .filter(({ text }) => !text.includes('outbox_events'))
          .map(({ text, values }) => ({ text, values: values.map((v) => (v === url && url ? random : v)) })),
      );
    }
    await settled(system);
    return { databaseUrl: system.databaseUrl, method: 'POST', turns, body: answered, connections };
  });
}

/** ms from the answer of a like to the notification being there, nothing else going on. */
async function latency({ origin, db }: System, users: Record<string, string>[]): Promise<number[]> {
  await db.query('delete from reactions');
  const waits: number[] = [];
  for (const user of users.slice(0, 20)) {
    await db.query('delete from notifications');
    await sleep(300);
    await doAll(origin, [{ path: `/api/medias/${urlOf(0)}/likes`, headers: user, body: undefined }]);
    const begun = performance.now();
    await until(async () => (await db.query('select from notifications')).rowCount! > 0, 'the notification', 10_000, 2);
    waits.push(performance.now() - begun);
  }
  return [median(waits)];
}

const cpuOf = async (pids: number[]) => {
  const each = await Promise.all(pids.map((pid) => cpuOfProcess(pid).catch(() => 0)));
  return each.reduce((sum, seconds) => sum + seconds, 0);
};

async function postmaster({ db }: System): Promise<number> {
  const { rows } = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
  return parentOf(rows[0]!.pid);
}

async function parentOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
}

/** With the process itself, which has counted those that ended. */
async function childrenOf(pid: number): Promise<number[]> {
  const found = [pid];
  for (const entry of await readdir('/proc')) {
    if (/^\d+$/.test(entry) && (await parentOf(Number(entry)).catch(() => 0)) === pid) found.push(Number(entry));
  }
  return found;
}
