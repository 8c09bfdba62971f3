/** Deeper and larger than any body of the API; what recurses over a body, or looks at each value, is safe within them. */
const maxDepth = 32;
const maxValues = 10_000;

/** @returns what is wrong with the shape of a parsed JSON body, or null. Iterative: deep nesting cannot exhaust the stack */
export function jsonShapeFault(body: unknown): string | null {
  const open: { value: unknown; depth: number }[] = [{ value: body, depth: 0 }];
  let values = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth === maxDepth) return `JSON may be nested ${maxDepth} deep.`;
    const children = Object.values(value);
    values += children.length;
    if (values > maxValues) return `JSON may hold ${maxValues} values.`;
    for (const child of children) open.push({ value: child, depth: depth + 1 });
  }
  return null;
}
