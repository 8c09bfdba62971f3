/** `<file>`: what an expert would write for one route: prepared statements on a pool, and the answer's bytes. */
import Fastify from 'fastify';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { random, type BareRoute } from './bare-route.js';

async function serve({ databaseUrl, method, turns, body, connections }: BareRoute): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
  const names = new Map<string, string>();
  const nameOf = (text: string) => names.get(text) ?? names.set(text, `s${names.size}`).get(text)!;
  const fresh = (value: unknown) => (value === random ? randomBytes(12).toString('base64url') : value);
  let turn = 0;
  const server = Fastify();
  server.route({
    method,
    url: '/*',
    async handler(_request, reply) {
      const statements = turns[turn++ % turns.length]!;
      const client = await pool.connect();
      for (const { text, values } of statements)
        await client.query(values.length ? { name: nameOf(text), text, values: values.map(fresh) } : text);
      client.release();
      return reply.type('application/json; charset=utf-8').send(body);
    },
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  process.send!(Number(new URL(address).port));
}

await serve(JSON.parse(await readFile(process.argv[2]!, 'utf8')) as BareRoute);
