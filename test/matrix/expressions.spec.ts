import { check } from 'recheck';
import { glob, readFile } from 'node:fs/promises';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { words } from '../../src/mentions/texts.js';
import { folderPattern, keyPattern } from '../../src/platform/storage/keys.js';

/** Expressions composed at run time, by the file that composes them. */
const builtIn: Record<string, RegExp[]> = {
  'src/mentions/texts.ts': [words],
  'src/platform/storage/keys.ts': [keyPattern, folderPattern],
  // From our own routes' paths: `[^/]+` between slashes.
  'src/platform/http/route-table.ts': [],
};

/** Expressions that the checker cannot parse (flag `v`), and why they are harmless. */
const bounded: Record<string, string> = {
  '/^\\p{RGI_Emoji}$/v': 'the schema lets 64 units through',
};

interface Found {
  path: string;
  text: string;
}
const literals: Found[] = [];
const built: Found[] = [];
const normalising: Found[] = [];

beforeAll(async () => {
  for await (const path of glob('src/**/*.ts')) {
    if (path.endsWith('.spec.ts')) continue;
    const source = ts.createSourceFile(path, await readFile(path, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      const text = node.getText(source);
      if (ts.isRegularExpressionLiteral(node)) literals.push({ path, text });
      if (ts.isNewExpression(node) && node.expression.getText(source) === 'RegExp') built.push({ path, text });
      if (ts.isPropertyAccessExpression(node) && node.name.text === 'normalize') normalising.push({ path, text });
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
});

/** On a busy machine a search by random texts may take one for slow that is not: what is slow is so each time. */
async function fault(source: string, flags: string, tries = 4): Promise<string | null> {
  const result = await check(source, flags, { timeout: 20_000 });
  if (result.status === 'safe') return null;
  if (result.checker === 'fuzz' && tries > 1) return fault(source, flags, tries - 1);
  return result.status === 'vulnerable' ? result.complexity.summary : result.error.kind;
}

describe('a regular expression', () => {
  it('takes time that is linear in the text, for any text', async () => {
    const faults: object[] = [];
    for (const { path, text } of literals) {
      if (text in bounded) continue;
      const end = text.lastIndexOf('/');
      const found = await fault(text.slice(1, end), text.slice(end + 1));
      if (found) faults.push({ path, text, found });
    }
    expect(literals.length).toBeGreaterThan(50);
    expect(faults).toEqual([]);
  }, 300_000);

  it('composed at run time does so, too', async () => {
    expect(built.map(({ path }) => path).filter((path) => !(path in builtIn))).toEqual([]);
    for (const { source, flags } of Object.values(builtIn).flat())
      expect({ source, fault: await fault(source, flags) }).toEqual({ source, fault: null });
  }, 120_000);

  it('that takes too long is found by this test', async () => {
    expect(await fault('\\{\\\\[^}]*\\}', 'g')).toMatch(/polynomial/);
  });
});

it('text is normalised in one place, which limits it first', () => {
  expect(normalising.filter(({ path }) => path !== 'src/platform/unicode.ts')).toEqual([]);
});
