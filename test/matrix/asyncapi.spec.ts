import { Parser } from '@asyncapi/parser';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commands } from '../../src/platform/realtime/commands.js';
import { ephemeralEvents, isForProcesses, liveEvents } from '../../src/platform/realtime/live-events.js';
import type { Json } from '../setup/client.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let text: string;
let document: Json;
beforeAll(async () => {
  vitrine = await Vitrine.start({ workers: [] });
  text = await (await fetch(`${vitrine.origin}/asyncapi.json`)).text();
  document = JSON.parse(text);
});
afterAll(() => vitrine?.stop());

it('is valid', async () => {
  const { diagnostics } = await new Parser().parse(text);
  expect(diagnostics.map(({ message, path }) => `${path.join('.')}: ${message}`)).toEqual([]);
});

it('has every event and command', () => {
  const lasting = Object.keys(liveEvents).filter((name) => !isForProcesses(name));
  const named = (action: string) =>
    Object.entries<Json>(document.operations)
      .filter(([, operation]) => operation.action === action)
      .map(([key]) => key.replace(/^[a-z]+_/, '').replaceAll('_', '.'));
  expect(named('send').toSorted()).toEqual(
    ['ready', 'closing', ...lasting, ...Object.keys(ephemeralEvents)].toSorted(),
  );
  expect(named('receive').toSorted()).toEqual(Object.keys(commands).toSorted());
});

it('says what is in each of them', () => {
  const resolve = (schema: Json): Json =>
    schema.$ref ? resolve(document.components.schemas[schema.$ref.split('/').at(-1)]) : schema;
  const empty = Object.entries<Json>(document.components.messages).filter(
    ([, { payload }]) => !Object.keys(resolve(payload).properties ?? {}).length,
  );
  // It only says "look".
  expect(empty.map(([name]) => name)).toEqual(['feed_changed']);
  const unknown = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].filter(
    ([, name]) => !document.components.schemas[name!],
  );
  expect(unknown).toEqual([]);
});
