import type { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';

export interface Found<M> {
  metadata: M;
  /** Bound to its instance. */
  method: (...args: never[]) => Promise<void>;
  /** `Class.method`, for error messages. */
  where: string;
}

/**
 * @param what it is for, in an error message: `job file.process`
 * @throws {Error} unless there is exactly one: the process must not start
 */
export function only<M>(what: string, methods: readonly Found<M>[]): Found<M> {
  const [first, ...others] = methods;
  if (!first) throw new Error(`The ${what} has no method`);
  if (others.length) throw new Error(`The ${what} has several methods: ${methods.map((m) => m.where).join(', ')}`);
  return first;
}

/** All methods of all providers with the given metadata. */
export function discover<M>(
  key: symbol,
  { discovery, scanner, reflector }: { discovery: DiscoveryService; scanner: MetadataScanner; reflector: Reflector },
) {
  const found: Found<M>[] = [];
  for (const { instance } of discovery.getProviders() as { instance?: Record<string, unknown> | null }[]) {
    if (typeof instance !== 'object' || instance === null) continue;
    for (const name of scanner.getAllMethodNames(Object.getPrototypeOf(instance) as object)) {
      const method = instance[name];
      const metadata = typeof method === 'function' ? reflector.get<M | undefined>(key, method) : undefined;
      if (metadata === undefined) continue;
      const bound = (method as Found<M>['method']).bind(instance) as Found<M>['method'];
      found.push({ metadata, method: bound, where: `${instance.constructor.name}.${name}` });
    }
  }
  return found;
}
