import type { Socket } from 'socket.io';

/**
 * What leaves together takes one system call: `ws` makes one for each packet, and writing is half of what a busy process
 * does.
 */
export function writeTogether(conn: Socket['conn']): void {
  const { socket } = conn.request;
  // Around handing over all that waits.
  conn.on('flush', () => socket.cork());
  conn.on('drain', () => socket.uncork());
}
