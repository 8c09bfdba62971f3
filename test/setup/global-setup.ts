import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { readConfig } from '../../src/platform/config/env.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { startPostgres } from '../../src/local/postgres.js';
import { startSink } from './mail-sink.js';
import { sayWhatIsLeftOut } from './needs.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A server whose database `template` has every migration. */
    postgres: string;
    smtp: string;
    mails: string;
  }
}

/**
 * One PostgreSQL and one mail server for the whole run; each test file has its own database, copied from the template.
 */
export default async function setup(project: TestProject) {
  sayWhatIsLeftOut(['real', 'browser']);
  const root = await mkdtemp(join(tmpdir(), 'vitrine-test-'));
  const postgres = await startPostgres({ dataDir: join(root, 'postgres'), durable: false });
  const sink = await startSink(join(root, 'mail'));

  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('create database template');
  const template = new URL(postgres.url);
  template.pathname = '/template';
  await migrate(readConfig({ DATABASE_URL: template.href }));
  await client.end();

  project.provide('postgres', postgres.url);
  project.provide('smtp', sink.smtpUrl);
  project.provide('mails', sink.webUrl);
  return async () => {
    await sink.stop();
    await postgres.stop();
    await rm(root, { recursive: true, force: true });
  };
}
