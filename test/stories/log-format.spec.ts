import { expect, it } from 'vitest';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

/** Lines about requests. */
const linesOf = async (format: string) => {
  const vitrine = await Vitrine.start({ workers: [], env: { LOG_FORMAT: format, LOG_LEVEL: 'info' } });
  try {
    await fetch(`${vitrine.origin}/api/photos/nothing?t=1.2.secret`);
    const lines = () => vitrine.said.split('\n').filter((line) => line.includes('/api/photos/nothing'));
    await until(async () => lines().length > 0, 'a line');
    return lines();
  } finally {
    await vitrine.stop();
  }
};

it('a log is JSON, a line for each request', async () => {
  const [line, ...more] = await linesOf('json');
  expect(more).toEqual([]);
  expect(JSON.parse(line!)).toMatchObject({
    ...{ level: 30, context: 'request', method: 'GET', url: '/api/photos/nothing?t=…', status: 401 },
    reqId: expect.any(String),
    ms: expect.any(Number),
  });
}, 60_000);

it('or lines for people, with the same content', async () => {
  const [line, ...more] = await linesOf('text');
  expect(more).toEqual([]);
  expect(line).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: request .*"url":"\/api\/photos\/nothing\?t=…","status":401/);
}, 60_000);
