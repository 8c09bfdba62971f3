import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { statementsOf } from '../test/setup/statements.js';
import { random, type BareRoute } from './bare-route.js';
import { inProcess } from './in-process.js';
import { load } from './load.js';
import { atLeast, inTurns, report } from './measure.js';
import { withServer } from './server.js';
import type { System } from './system.js';

const seconds = 4;
/** Until V8 has compiled all hot code: the first seconds measure its compiler. */
const warmUpSeconds = 20;
const connections = 10;

export interface Request {
  method: 'GET' | 'PUT' | 'POST';
  path: string;
  body?: object;
}

interface Comparing {
  pairs: number;
  goal: number;
  /** Parts of the answer that are new each time and appear in the statements. */
  fresh?: (answer: { url: string }) => string;
}

/**
 * Requests, taken in turn, against a bare Fastify that runs the same statements, prepared, and sends the same bytes.
 */
export async function compare(
  system: System,
  name: string,
  requests: Request[],
  { pairs, goal, fresh }: Comparing,
): Promise<void> {
  const headers = system.user;
  const route = await bareRoute(system, requests, fresh);
  const file = join(system.dataDir, 'route.json');
  await writeFile(file, JSON.stringify({ ...route, connections }));
  await withServer('bare-sql', [file], async (bare) => {
    for (const url of [system.origin, bare])
      await load({ url, headers, seconds: warmUpSeconds, connections, requests });
    const rate = (origin: string) => async () =>
      (await load({ url: origin, headers, seconds, connections, requests })).requests;
    report(name, 'req/s', await inTurns(pairs, rate(system.origin), rate(bare)), atLeast(goal));
  });
}

/** The statements of each request, as sent by the same API in this process. */
async function bareRoute(
  system: System,
  requests: Request[],
  fresh?: (answer: { url: string }) => string,
): Promise<Omit<BareRoute, 'connections'>> {
  return inProcess(system, async (app) => {
    let body = '';
    const turns: BareRoute['turns'] = [];
    const ask = async ({ method, path, body: sent }: Request) => {
      const answer = await app.inject({ method, url: path, headers: system.user, ...(sent && { payload: sent }) });
      if (answer.statusCode >= 300) throw new Error(`${answer.statusCode} of ${path}: ${answer.body}`);
      return answer.body;
    };
    await ask(requests[0]!);
    for (const request of requests) {
      const statements = await statementsOf(async () => {
        body = await ask(request);
      });
      const name = fresh?.(JSON.parse(body) as { url: string });
      turns.push(
        statements.map(({ text, values }) => ({ text, values: values.map((v) => (v === name ? random : v)) })),
      );
    }
    return { databaseUrl: system.databaseUrl, method: requests[0]!.method, turns, body };
  });
}
