import { globSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = new URL('../../src', import.meta.url).pathname;

/** Names in the `providers` of a file's modules, by where they are imported from. */
function providersOf(path: string): { name: string; from: string }[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const imported = new Map<string, string>();
  const providers: string[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const bindings = node.importClause?.namedBindings;
      if (bindings && ts.isNamedImports(bindings))
        for (const { name } of bindings.elements)
          imported.set(name.text, (node.moduleSpecifier as ts.StringLiteral).text);
    }
    if (
      ts.isPropertyAssignment(node) &&
      node.name.getText() === 'providers' &&
      ts.isArrayLiteralExpression(node.initializer)
    )
      for (const element of node.initializer.elements) {
        if (ts.isIdentifier(element)) providers.push(element.text);
        else if (ts.isObjectLiteralExpression(element))
          for (const property of element.properties)
            if (ts.isPropertyAssignment(property) && property.name.getText() === 'useClass')
              providers.push(property.initializer.getText());
      }
    ts.forEachChild(node, look);
  };
  look(source);
  return providers.map((name) => ({ name, from: imported.get(name) ?? '.' }));
}

it('every provider is provided by a module of its own folder, and others import that module', () => {
  const modules = globSync(`${root}/**/*module.ts`);
  expect(modules.length).toBeGreaterThan(25);
  const all = modules.flatMap((path) => providersOf(path).map((provider) => ({ path, ...provider })));
  expect(all.length).toBeGreaterThan(80);
  const foreign = all.filter(({ from }) => from.startsWith('../'));
  expect(foreign.map(({ path, name }) => `${relative(root, path)}: ${name}`)).toEqual([]);
});
