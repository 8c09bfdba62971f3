/** What an expert would write for one route: its statements prepared on a pool, and the answer's bytes. */
import Fastify from 'fastify';
import { readFile } from 'node:fs/promises';
import pg from 'pg';

interface Route {
  databaseUrl: string;
  /** One after another, as the same values again and again; those of a transaction on one connection. */
  statements: { text: string; values: unknown[] }[];
  isTransaction: boolean;
  method: 'GET' | 'POST';
  body: string;
}

const { databaseUrl, statements, isTransaction, method, body } = JSON.parse(
  await readFile(process.argv[2]!, 'utf8'),
) as Route;
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
const prepared = statements.map(({ text, values }, i) => ({ name: `s${i}`, text, values }));
const server = Fastify();
server.route({
  method,
  url: '/*',
  async handler(_request, reply) {
    if (isTransaction) {
      const client = await pool.connect();
      for (const statement of prepared) await client.query(statement);
      client.release();
    } else for (const statement of prepared) await pool.query(statement);
    return reply.type('application/json; charset=utf-8').send(body);
  },
});
const address = await server.listen({ host: '127.0.0.1', port: 0 });
process.send!(Number(new URL(address).port));
