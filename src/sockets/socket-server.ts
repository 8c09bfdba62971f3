import { MikroORM } from '@mikro-orm/core';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server, type Socket } from 'socket.io';
import { SocketCredentials, type Identified } from '../auth/socket-credentials.service.js';
import { toProblem } from '../platform/http/problem.filter.js';
import { Problem } from '../platform/http/problems.js';
import { openSockets } from '../platform/observability/metrics.js';
import { Operation } from '../platform/operation.js';
import { CommandRunner, refusalOf } from '../platform/realtime/command-runner.js';
import { EventLog, eventCursor } from '../platform/realtime/log.js';
import { Rooms } from '../platform/realtime/rooms.js';
import { Stream } from '../platform/realtime/stream.js';
import { Tail } from '../platform/realtime/tail.js';
import { Connection } from './connection.js';
import { Handshake } from './handshake.js';
import { writeTogether } from './write-together.js';

const KiB = 1024;
const maxPacketBytes = 32 * KiB;
const authenticateMs = 5_000;
/** How often one connection may ask to be let in, to whatever namespace. */
const maxAsked = 5;
/** The packet that asks, in the protocol of Socket.IO. */
const asking = '0';
const pingIntervalMs = 25_000;
const pingTimeoutMs = 20_000;
/** How often the credentials of all sockets are checked, whatever was heard. */
const checkMs = 30_000;
/** When the process ends, sockets are closed one after the other, so that their clients do not all connect at once. */
const drainMs = 5_000;
const drainEachMs = 5;
const maxRetryAfterMs = 15_000;

type Admitted = Identified & { cursor: string | undefined };

/** Socket.IO on the API's own server: WebSocket only, so that no proxy needs sticky sessions. */
@Injectable()
export class SocketServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Sockets');
  private readonly connections = new Map<string, Connection>();
  private io: Server | undefined;
  private isDraining = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly orm: MikroORM,
    private readonly handshake: Handshake,
    private readonly credentials: SocketCredentials,
    private readonly log: EventLog,
    private readonly tail: Tail,
    private readonly runner: CommandRunner,
    private readonly rooms: Rooms,
  ) {
    tail.watch('~access', (userIds) => void this.check(new Set(userIds)));
  }

  onApplicationBootstrap(): void {
    const server = this.host.httpAdapter.getHttpServer() as HttpServer;
    this.io = new Server(server, {
      path: '/socket.io/',
      transports: ['websocket'],
      serveClient: false,
      perMessageDeflate: false,
      maxHttpBufferSize: maxPacketBytes,
      connectTimeout: authenticateMs,
      pingInterval: pingIntervalMs,
      pingTimeout: pingTimeoutMs,
      allowRequest: (request, answer) => this.allow(request, answer),
    });
    this.rooms.attach(this.io);
    this.io.engine.on('connection', (conn: Socket['conn']) => {
      limitAsking(conn);
      writeTogether(conn);
    });
    this.io.use((socket, next) => void this.letIn(socket, next));
    this.io.on('connection', (socket) => void this.open(socket));
    this.timer = setInterval(() => void this.check(), checkMs);
  }

  /** Before the HTTP server is closed, which would wait for open sockets for ever. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isDraining = true;
    clearInterval(this.timer);
    const open = [...this.connections.values()];
    const each = Math.min(drainEachMs, drainMs / Math.max(1, open.length));
    for (const [i, connection] of open.entries()) {
      connection.close('draining', Math.round(Math.random() * maxRetryAfterMs));
      if (i % 10 === 9) await sleep(10 * each);
    }
    await this.io?.close();
  }

  /** @throws {Error} if the socket is gone meanwhile */
  connection(socketId: string): Connection {
    const connection = this.connections.get(socketId);
    if (!connection) throw new Error(`There is no socket ${socketId}`);
    return connection;
  }

  private allow(request: IncomingMessage, answer: (error: string | null, isAllowed: boolean) => void): void {
    if (this.isDraining) {
      request.socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n');
      answer('draining', false);
    } else answer('origin', this.handshake.isKnownOrigin(request));
  }

  private async letIn(socket: Socket, next: (error?: Error) => void): Promise<void> {
    try {
      await this.admit(socket);
    } catch (error) {
      return next(this.refused(error));
    }
    next();
  }

  private admit(socket: Socket): Promise<void> {
    return Operation.run(this.orm, { socket: socket.id }, async () => {
      const identified = await this.handshake.identify(socket.handshake.auth);
      const leave = this.handshake.admit(identified.viewer.id, socket.request);
      // Gone meanwhile: its end was told before anybody listened.
      if (socket.conn.readyState !== 'open') leave();
      else socket.conn.once('close', leave);
      socket.data = identified satisfies Admitted;
    });
  }

  /** For `connect_error`: the client finds code and status in `data`. */
  private refused(error: unknown): Error {
    const problem = toProblem(error);
    if (problem.getStatus() >= 500) this.logger.error({ err: error }, 'a socket could not be admitted');
    const { code, status, title } = refusalOf(problem.code === 'internal' ? new Problem('unavailable') : problem);
    return Object.assign(new Error(title), { data: { code, status } });
  }

  private async open(socket: Socket): Promise<void> {
    const { cursor, ...identified } = socket.data as Admitted;
    const connection = new Connection(socket, identified, this.runner);
    this.connections.set(connection.id, connection);
    openSockets.inc();
    socket.once('disconnect', () => {
      this.connections.delete(connection.id);
      openSockets.dec();
    });
    const userId = identified.viewer.id;
    try {
      const { epoch, seq, resumed } = await Operation.run(this.orm, { socket: socket.id }, () =>
        this.log.begin(userId, cursor),
      );
      const warn = (error: unknown) => this.logger.warn({ err: error }, 'could not read the log, will try again');
      const stream = new Stream(epoch, seq, connection.outlet(), (after) => this.tail.read(userId, after), warn);
      if (!socket.connected) return;
      socket.once('disconnect', () => {
        this.tail.remove(userId, stream);
        stream.close();
      });
      this.tail.add(userId, stream);
      connection.emit('ready', {
        cursor: eventCursor(epoch, seq),
        resumed,
        userId,
        serverTime: new Date().toISOString(),
      });
      this.rooms.join(socket.id, 'user', userId);
      stream.catchUp();
      // What ended while it was let in: before the tail had its stream, nobody told this process.
      const ended = await this.credentials.ended([connection.credential]);
      if (ended.size) connection.close(ended.get(connection.credential.id)!);
    } catch (error) {
      this.logger.error({ err: error }, 'a socket could not be opened');
      // It connects again, to a process that can reach the database.
      connection.close('draining', maxRetryAfterMs);
    }
  }

  /** Closes the sockets of ended sessions, revoked keys and closed accounts. */
  private async check(userIds?: ReadonlySet<string>): Promise<void> {
    const concerned = [...this.connections.values()].filter(({ viewer }) => userIds?.has(viewer.id) ?? true);
    if (!concerned.length) return;
    try {
      const held = new Map(concerned.map(({ credential }) => [credential.id, credential]));
      const ended = await this.credentials.ended([...held.values()]);
      for (const connection of concerned) {
        const why = ended.get(connection.credential.id);
        if (why) connection.close(why);
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'could not check the credentials of sockets, will try again');
    }
  }
}

/** Each asking is a statement and a packet as an answer, before anybody is known. */
function limitAsking(conn: Socket['conn']): void {
  let asked = 0;
  conn.prependListener('data', (packet: unknown) => {
    if (typeof packet === 'string' && packet.startsWith(asking) && ++asked > maxAsked) conn.close(true);
  });
}
