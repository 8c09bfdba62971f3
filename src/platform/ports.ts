import { createServer } from 'node:net';

export const loopback = '127.0.0.1';

/** @returns the port, or the error's code (`EADDRINUSE`, `EACCES` ...) */
function tryListen(port: number, host: string): Promise<number | string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}

/** @returns null if the port is free, else the error's code */
export async function portTrouble(port: number, host = loopback): Promise<string | null> {
  const got = await tryListen(port, host);
  return typeof got === 'string' ? got : null;
}

/** The preferred port or, if it is taken, the next free one above; without a preference, any. */
export async function freePort(preferred = 0): Promise<number> {
  for (let port = preferred; port <= 65_535; port++) {
    const got = await tryListen(port, loopback);
    if (typeof got === 'number') return got;
  }
  throw new Error(`No port from ${preferred} upwards is free`);
}

const anyAddress: Record<string, string> = { '0.0.0.0': loopback, '::': '[::1]' };

/** The host part of a URL, for the address a server listens on. */
export const urlHost = (host: string) => anyAddress[host] ?? (host.includes(':') ? `[${host}]` : host);

/** @throws {Error} with one line for whoever chose the port */
export async function refuseBusyPort(port: number, host: string): Promise<void> {
  const trouble = await portTrouble(port, host);
  if (!trouble) return;
  const way = `Choose another one, for example: PORT=${port + 1} npm start`;
  if (trouble === 'EADDRINUSE')
    throw new Error(
      `Port ${port} is taken by another program. Stop it, or choose another port: PORT=${port + 1} npm start`,
    );
  throw new Error(`Port ${port} on ${host} can't be used (${trouble}). ${way}`);
}
