import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { Bus } from '../../src/platform/bus/bus.js';
import { PgWire } from '../../src/platform/bus/pg-wire.js';
import { RedisWire } from '../../src/platform/bus/redis-wire.js';
import type { Wire } from '../../src/platform/bus/wire.js';
import { isLeftOut } from '../setup/needs.js';
import { until } from '../setup/until.js';

const redisUrl = process.env.VITRINE_TEST_REDIS ?? '';
const postgres = () => inject('postgres');

const wires = [
  {
    name: 'PostgreSQL',
    leftOut: false,
    make: (): Wire => new PgWire(postgres()),
    /** Cuts all connections of all wires. */
    cut: async () => {
      const client = new pg.Client({ connectionString: postgres() });
      await client.connect();
      await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'vitrine-bus'
        and datname = current_database()`);
      await client.end();
    },
  },
  {
    name: 'Redis',
    leftOut: isLeftOut('redis'),
    make: (): Wire => new RedisWire(redisUrl),
    cut: async () => {
      const client = new Redis(redisUrl);
      await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await client.quit();
    },
  },
];

for (const { name, leftOut, make, cut } of wires)
  describe.skipIf(leftOut)(`the bus on ${name}`, () => {
    const open: Bus[] = [];
    const bus = (onLog?: () => void): Bus => {
      const made = new Bus(make());
      if (onLog) made.subscribe('log', onLog);
      made.onApplicationBootstrap();
      open.push(made);
      return made;
    };
    afterEach(async () => {
      for (const one of open.splice(0)) await one.beforeApplicationShutdown();
    });

    it('tells all processes, the sender included, once for many', async () => {
      const heard = [0, 0];
      const [one] = [0, 1].map((i) => bus(() => heard[i]!++));
      await until(async () => heard.every((count) => count === 1), 'the connections', 10_000, 5);
      for (let i = 0; i < 50; i++) one!.publish('log', null);
      await until(async () => heard.every((count) => count === 2), 'the message', 10_000, 5);
      await sleep(50);
      expect(heard).toEqual([2, 2]);
    });

    it('goes on after its connections were cut, and says that something may have been missed', async () => {
      let heard = 0;
      const listener = bus(() => heard++);
      const sender = bus();
      await until(async () => heard === 1, 'the connection', 10_000, 5);
      sender.publish('log', null);
      await until(async () => heard === 2, 'the message', 10_000, 5);
      await cut();
      await until(async () => heard === 3, 'the second connection', 10_000, 5);
      sender.publish('log', null);
      await until(async () => heard === 4, 'the message after it', 10_000, 5);
      listener.publish('relay', null);
      await sleep(50);
      expect(heard).toBe(4);
    });

    it('carries texts up to 7,900 bytes', async () => {
      const text = randomBytes(3_950).toString('hex');
      const [from, to] = [make(), make()];
      const heard: string[] = [];
      let isOpen = false;
      to.listen(
        (message) => heard.push(message),
        () => (isOpen = true),
      );
      await until(async () => isOpen, 'the connection', 10_000, 5);
      await until(
        async () => {
          await from.send(text);
          return heard.length;
        },
        'the text',
        10_000,
        50,
      );
      expect(heard[0]).toBe(text);
      await Promise.all([from.close(), to.close()]);
    });
  });
