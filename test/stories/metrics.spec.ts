import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../src/platform/ports.js';
import { Device } from '../setup/device.js';
import { picture, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let ada: Awaited<ReturnType<Vitrine['signUp']>>;
const ports = {} as Record<'api' | 'worker', number>;
/** One process for all queues. */
const everything = 'image,video,audio,social,mail,maintenance';
beforeAll(async () => {
  Object.assign(ports, { api: await freePort(), worker: await freePort() });
  const env = { METRICS_PORT: String(ports.api), WORKER_PORT: String(ports.worker) };
  vitrine = await Vitrine.start({ workers: [everything], env });
  ada = await vitrine.signUp();
}, 120_000);
afterAll(() => vitrine.stop());

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Refuses what is not the text format of Prometheus (exposition format 0.0.4). */
async function scrape(process: keyof typeof ports): Promise<Sample[]> {
  const response = await fetch(`http://127.0.0.1:${ports[process]}/metrics`);
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  const lines = (await response.text()).split('\n').filter((line) => line && !/^# (HELP|TYPE) /.test(line));
  return lines.map((line) => {
    const [, name, labels = '', value] = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    expect(value, line).toMatch(/^([+-]?(\d+(\.\d+)?(e[+-]?\d+)?|inf)|nan)$/i);
    const pairs = [...labels.matchAll(/([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"/g)].map(
      ([, key, of]) => [key!, of!] as const,
    );
    return { name: name!, labels: Object.fromEntries(pairs), value: Number(value) };
  });
}
const valueOf = (samples: Sample[], name: string, labels: Record<string, string> = {}) =>
  samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, of]) => sample.labels[key] === of),
  )?.value;

it('tell of requests by route, of sockets and statements, and never what users send', async () => {
  const device = await new Device(vitrine.origin, { apiKey: ada.apiKey }).ready();
  try {
    for (let i = 0; i < 5; i++) await ada.get(`/api/users/${ada.username}`).expect(200);
    for (let i = 0; i < 5; i++) await fetch(`${vitrine.origin}/api/nothing-here-${i}/${ada.username}`);
    const samples = await scrape('api');
    const http = 'vitrine_http_request_duration_seconds_count';
    expect(valueOf(samples, http, { method: 'GET', route: '/api/users/:username', status: '200' })).toBe(5);
    expect(valueOf(samples, http, { method: 'GET', route: 'none', status: '404' })).toBe(5);
    expect(JSON.stringify(samples)).not.toContain(ada.username);
    expect(JSON.stringify(samples)).not.toContain('nothing-here');
    expect(valueOf(samples, 'vitrine_sockets')).toBe(1);
    expect(valueOf(samples, 'vitrine_statements', { state: 'asked' })).toBeGreaterThan(20);
    expect(valueOf(samples, 'nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
  } finally {
    device.close();
  }
  await until(async () => valueOf(await scrape('api'), 'vitrine_sockets') === 0, 'no open socket');
});

it('tell of jobs, of programs for media, of what waits and what is stored', async () => {
  await ada.publish('video', await video('320x180', 2));
  await ada.publish('photo', await picture(80, 60).png().toBuffer());
  await vitrine.settled();
  const samples = await scrape('worker');
  const jobs = 'vitrine_job_duration_seconds_count';
  const done = samples.filter(({ name, labels }) => name === jobs && labels.outcome === 'done');
  expect(done.map(({ labels }) => labels.job)).toEqual(
    expect.arrayContaining(['video.express', 'photo.derive', 'mail-code']),
  );
  expect(valueOf(samples, 'vitrine_tool_seconds_total', { tool: 'ffmpeg' })).toBeGreaterThan(0);
  for (const queue of ['image', 'video', 'social', 'mail'])
    expect(valueOf(samples, 'vitrine_queue_jobs', { queue, state: 'waiting' })).toBe(0);
  expect(valueOf(samples, 'vitrine_outbox_events')).toBe(0);
  expect(valueOf(samples, 'vitrine_outbox_lag_seconds')).toBe(0);
});

it('show work that nobody takes, and how long it has waited', async () => {
  await vitrine.end(everything, 'SIGTERM');
  vitrine.startWorker('social');
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(await picture(90, 60).png().toBuffer())]), 'a.png');
  await fetch(`${vitrine.origin}/api/photos/upload`, {
    method: 'POST',
    headers: { 'x-api-key': ada.apiKey },
    body: form,
  });
  const address = `http://127.0.0.1:${ports.worker}/readyz`;
  await until(async () => (await fetch(address).catch(() => null))?.status === 200, 'the worker');
  await until(async () => {
    const samples = await scrape('worker');
    const waiting = ['waiting', 'prioritized'].map((state) =>
      valueOf(samples, 'vitrine_queue_jobs', { queue: 'image', state }),
    );
    return waiting.includes(1) && valueOf(samples, 'vitrine_queue_next_age_seconds', { queue: 'image' })! > 1;
  }, 'a job that waits for a second');
  expect(valueOf(await scrape('worker'), 'vitrine_storage_bytes')).toBeGreaterThan(100);
});

it('are not on the port of the API, and stay when the database is away', async () => {
  expect((await fetch(`${vitrine.origin}/metrics`)).status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${ports.api}/api/users/${ada.username}`)).status).toBe(404);
  const elsewhere = new pg.Client(vitrine.databaseUrl.replace(/[^/]+$/, 'postgres'));
  const name = new URL(vitrine.databaseUrl).pathname.slice(1);
  await elsewhere.connect();
  try {
    await elsewhere.query(`alter database "${name}" with allow_connections false`);
    await elsewhere.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    expect(valueOf(await scrape('worker'), 'process_cpu_seconds_total')).toBeGreaterThan(0);
  } finally {
    await elsewhere.query(`alter database "${name}" with allow_connections true`);
    await elsewhere.end();
  }
});
