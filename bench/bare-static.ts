/** A folder served by @fastify/static. `<folder>` */
import fastifyStatic from '@fastify/static';
import { fastify } from 'fastify';
import type { AddressInfo } from 'node:net';

const [root] = process.argv.slice(2);
const app = fastify();
await app.register(fastifyStatic, { root: root! });
await app.listen({ port: 0, host: '127.0.0.1' });
process.send!((app.server.address() as AddressInfo).port);
