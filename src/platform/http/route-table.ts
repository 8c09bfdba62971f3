import type { FastifyInstance } from 'fastify';

interface Route {
  method: string;
  url: string;
  pattern: RegExp;
}

/** Every route of the server, for 405 answers and for comparing with the documentation. */
export class RouteTable {
  readonly routes: Route[] = [];

  /** To be called before the first route is added. */
  watch(server: FastifyInstance): void {
    server.addHook('onRoute', ({ method, url }) => {
      // The route of @fastify/cors for preflights of any path: it must not make every address count as known.
      if (url === '*') return;
      for (const m of [method].flat()) this.routes.push({ method: m, url, pattern: toPattern(url) });
    });
  }

  /** Methods of the routes that match a path. */
  allowed(path: string): string[] {
    const plain = path.split('?')[0]!.replace(/(?<=.)\/$/, '');
    return [
      ...new Set(this.routes.filter(({ pattern }) => pattern.test(plain)).map(({ method }) => method)),
    ].toSorted();
  }
}

const toPattern = (url: string): RegExp => {
  const escaped = url.replace(/(?<=.)\/$/, '').replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/:[A-Za-z]+/g, '[^/]+').replace(/\*/g, '.*')}$`);
};
