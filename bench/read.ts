import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApi } from '../src/app.setup.js';
import { readConfig } from '../src/platform/config/env.js';
import { statementsOf, type Statement } from '../test/setup/statements.js';
import { load } from './load.js';
import { atLeast, inTurns, report, type Settings } from './measure.js';
import { picture } from './media.js';
import { withServer } from './server.js';
import { answer, publish, send, untilReady, withSystem, type System } from './system.js';

const seconds = 4;
const connections = 10;

/** One media, signed in, against a bare Fastify that runs the same statements prepared and sends the same bytes. */
export async function read({ pairs }: Settings): Promise<void> {
  await withSystem({ env: { RATE_LIMIT_FACTOR: '0' } }, async (system) => {
    const media = await publishPhoto(system, 0);
    await compare(system, 'read', `/api/medias/${media}`, pairs);
  });
}

/** A page of twenty medias, and of twenty comments. */
export async function list({ pairs }: Settings): Promise<void> {
  await withSystem({ env: { RATE_LIMIT_FACTOR: '0' } }, async (system) => {
    let media = '';
    for (let i = 0; i < 24; i++) media = await publishPhoto(system, i);
    const headers = { ...system.user, 'content-type': 'application/json' };
    for (let i = 0; i < 24; i++) {
      const body = JSON.stringify({ text: `Comment number ${i} of those that are listed.` });
      await answer(await fetch(`${system.origin}/api/comments/medias/${media}`, { method: 'POST', headers, body }));
    }
    await compare(system, 'list medias', '/api/medias?limit=20', pairs);
    await compare(system, 'list comments', `/api/comments/medias/${media}?limit=20`, pairs);
  });
}

async function publishPhoto(system: System, seed: number): Promise<string> {
  const { url } = await send(system, 'photo', await picture(640, 480 + seed));
  await untilReady(system, url);
  return (await publish(system, 'photo', [url])).url;
}

async function compare(system: System, name: string, path: string, pairs: number): Promise<void> {
  const headers = system.user;
  const body = await (await fetch(system.origin + path, { headers })).text();
  const route = { databaseUrl: system.databaseUrl, statements: await asked(system, path), method: 'GET', body };
  const file = join(system.dataDir, 'route.json');
  await writeFile(file, JSON.stringify({ ...route, isTransaction: false }));
  await withServer('bare-sql', [file], async (bare) => {
    const rate = (url: string) => async () => (await load({ url, headers, seconds, connections })).requests;
    report(name, 'req/s', await inTurns(pairs, rate(system.origin + path), rate(`${bare}/x`)), atLeast(0.8));
  });
}

/** The statements of one request, as the same API in this process sends them. */
async function asked({ databaseUrl, dataDir, user }: System, url: string): Promise<Statement[]> {
  Object.assign(process.env, { DATABASE_URL: databaseUrl, DATA_DIR: dataDir, LOG_LEVEL: 'silent' });
  const { app } = await createApi(readConfig(), { logger: false });
  await app.init();
  try {
    await app.inject({ url, headers: user });
    return await statementsOf(async () => void (await app.inject({ url, headers: user })));
  } finally {
    await app.close();
  }
}
