/**
 * Opens a socket for each of what the parent sends, and answers `n` when `n` more events were heard. Each client has an
 * address of its own, as a proxy would tell it.
 */
import { io, type Socket } from 'socket.io-client';

const sockets: Socket[] = [];
let heard = 0;
let wanted = Infinity;

function open(origin: string, auth: object, i: number, name: string, after: [string, object][]): Promise<void> {
  const socket = io(origin, {
    ...{ transports: ['websocket'], forceNew: true, auth },
    extraHeaders: { 'x-forwarded-for': `10.1.${i >> 8}.${i & 255}` },
  });
  sockets.push(socket);
  socket.on(name, () => {
    if (++heard === wanted) process.send!('heard');
  });
  return new Promise((resolve, reject) => {
    socket.once('connect_error', reject);
    socket.once('ready', () =>
      resolve(Promise.all(after.map((command) => socket.emitWithAck(...command))).then(() => undefined)),
    );
  });
}

process.on('message', (message: Json) => {
  if (message.expect) {
    heard = 0;
    wanted = message.expect;
    process.send!('expecting');
  } else
    void (async () => {
      const { origin, auths, name, after } = message;
      for (let i = 0; i < auths.length; i += 50)
        await Promise.all(
          (auths as object[]).slice(i, i + 50).map((auth, n) => open(origin, auth, i + n, name, after)),
        );
      process.send!('open');
    })();
});

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
