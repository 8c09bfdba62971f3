/** Beyond any body of the API; within them, code that recurses over a body or visits each value is safe. */
const maxDepth = 32;
const maxValues = 10_000;

/**
 * Iterative: deep nesting cannot exhaust the stack.
 * @returns what is wrong with the shape of a parsed JSON body, or null
 */
export function jsonShapeFault(body: unknown): string | null {
  const open: { value: unknown; depth: number }[] = [{ value: body, depth: 0 }];
  let values = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth === maxDepth) return `JSON may be nested at most ${maxDepth} levels deep.`;
    const children = Object.values(value);
    values += children.length;
    if (values > maxValues) return `JSON may hold at most ${maxValues} values.`;
    for (const child of children) open.push({ value: child, depth: depth + 1 });
  }
  return null;
}
