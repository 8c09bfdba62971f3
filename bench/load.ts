import autocannon from 'autocannon';
import { Agent, get } from 'node:http';

interface Load {
  url: string;
  headers: Record<string, string>;
  seconds: number;
  connections: number;
  /** Requests per second of all connections; default: as many as possible. */
  rate?: number;
  /** Sent in turn, with `url` as the origin; each connection starts at another one. */
  requests?: { method: 'GET' | 'PUT' | 'POST'; path: string; body?: object }[];
}
interface Answers {
  /** Per second. */
  requests: number;
  /** ms */
  p50: number;
  p99: number;
}

/** @throws for any answer but 2xx */
export async function load({ url, headers, seconds, connections, rate, requests: asked }: Load): Promise<Answers> {
  const requests = asked?.map(({ method, path, body }) => ({
    ...{ method, path },
    ...(body && { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } }),
  }));
  let started = 0;
  const result = await autocannon({
    ...{ url, headers, connections, duration: seconds },
    ...(rate !== undefined && { overallRate: rate }),
    ...(requests && {
      requests,
      setupClient(client) {
        const first = Math.floor((started++ % connections) * (requests.length / connections));
        client.setRequests([...requests.slice(first), ...requests.slice(0, first)]);
      },
    }),
  });
  const { errors, timeouts, non2xx, latency } = result;
  if (errors + timeouts + non2xx) throw new Error(`${errors + timeouts} errors and ${non2xx} refusals of ${url}`);
  return { requests: result.requests.average, p50: latency.p50, p99: latency.p99 };
}

/**
 * Requests the same address repeatedly and discards the bytes unread: autocannon inspects each byte, and would dominate
 * the result.
 * @returns bytes per second
 */
export async function bulk({ url, headers, seconds, connections }: Omit<Load, 'rate'>): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const begun = performance.now();
  const end = begun + seconds * 1000;
  let bytes = 0;
  const once = () =>
    new Promise<void>((resolve, reject) => {
      const asking = get(url, { agent, headers }, (answer) => {
        if (answer.statusCode! >= 300) return reject(new Error(`${answer.statusCode} of ${url}`));
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        answer.on('end', resolve).on('error', reject);
      });
      asking.on('error', reject);
    });
  const connection = async () => {
    while (performance.now() < end) await once();
  };
  await Promise.all(Array.from({ length: connections }, connection));
  agent.destroy();
  return bytes / ((performance.now() - begun) / 1000);
}
