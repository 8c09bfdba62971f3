import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** Follows docs/add-a-feature.md to the letter, in a copy of the project. */
let copy: string;
let page: string;
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'vitrine-walk-'));
  page = await readFile(join(root, 'docs/add-a-feature.md'), 'utf8');
  for (const name of ['src', 'test', 'package.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'])
    await cp(join(root, name), join(copy, name), { recursive: true });
  for (const name of ['vitest.config.ts', '.oxlintrc.json', 'mikro-orm.config.ts', 'docs'])
    await cp(join(root, name), join(copy, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rm(copy, { recursive: true, force: true }));

/** A code block after a path in backticks is that file. */
const files = () =>
  [...page.matchAll(/^`([\w./-]+)`\n\n```ts\n(.*?)^```$/gms)].map(([, path, text]) => [path!, text!] as const);

/** The first line of a diff names the file; of the others, the one without a plus exists already. */
const additions = () =>
  [...page.matchAll(/^```diff\n {2}(\S+)\n((?:[+ ] .*\n)+)```$/gm)].map(([, path, text]) => {
    const lines = text!.trimEnd().split('\n');
    const added = lines.filter((line) => line.startsWith('+'));
    const [imports, rest] = [true, false].map((is) =>
      added.map((line) => line.slice(2)).filter((line) => line.startsWith('import ') === is),
    );
    const known = lines.findIndex((line) => line.startsWith(' '));
    return { path: path!, known: lines[known]!.slice(2), isBelow: known === 0, imports: imports!, rest: rest! };
  });

it('adds a feature with its folder and five lines elsewhere', async () => {
  expect(files().map(([path]) => path)).toHaveLength(8);
  for (const [path, text] of files()) {
    await mkdir(dirname(join(copy, path)), { recursive: true });
    await writeFile(join(copy, path), text);
  }
  expect(additions()).toHaveLength(5);
  for (const { path, known, isBelow, imports, rest } of additions()) {
    const lines = (await readFile(join(copy, path), 'utf8')).split('\n');
    const places = lines.flatMap((line, i) => (line === known ? [i] : []));
    expect(places, `"${known}" in ${path}`).toHaveLength(1);
    expect(rest).toHaveLength(1);
    lines.splice(places[0]! + (isBelow ? 1 : 0), 0, ...rest);
    await writeFile(join(copy, path), [...imports, ...lines].join('\n'));
  }
  const bin = (name: string) => join(root, 'node_modules/.bin', name);
  await run(bin('oxlint'), ['--deny-warnings', 'src'], { cwd: copy });
  await run(bin('nest'), ['build'], { cwd: copy });
  const specs = ['stories/notes', 'matrix/schema', 'matrix/personal-data', 'matrix/modules', 'matrix/routes'];
  const { stdout } = await run(bin('vitest'), ['run', ...specs.map((name) => `test/${name}.spec.ts`)], {
    cwd: copy,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  expect(stdout).toMatch(/Test Files +5 passed/);
}, 300_000);
