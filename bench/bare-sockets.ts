/** Bare Socket.IO: `all` sends one event to a room of everybody, `each` one to every socket. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { Server } from 'socket.io';

const server = createServer();
const io = new Server(server, { transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => {
  void socket.join('all');
  socket.emit('ready', {});
});
process.on(
  'message',
  async ({ how, name, payload, times }: { how: 'all' | 'each'; name: string; payload: object; times: number }) => {
    for (let n = 0; n < times; n++) {
      if (how === 'all') io.local.to('all').emit(name, payload);
      else for (const socket of io.of('/').sockets.values()) socket.emit(name, payload);
      // Events come one after the other, not as one write.
      await setImmediate();
    }
  },
);
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
