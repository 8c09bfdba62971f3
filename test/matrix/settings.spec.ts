import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

it('.env.example lists every variable, each with an explanation', async () => {
  const source = await read('src/platform/config/env.ts');
  const known = [...source.slice(0, source.indexOf('/** The one tree')).matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map(
    ([, name]) => name,
  );
  expect(known.length).toBeGreaterThan(40);
  const example = await read('.env.example');
  const listed = [...example.matchAll(/^# ?([A-Z][A-Z0-9_]+)=.*?\s+# .+/gm)].map(([, name]) => name);
  expect(known.filter((name) => !listed.includes(name))).toEqual([]);
});
