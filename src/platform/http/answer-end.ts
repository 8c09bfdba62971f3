import type { FastifyReply } from 'fastify';

/**
 * Calls back once, when the answer is sent or its client is gone; at once if that has happened. An answer that waits
 * behind others on its connection is not told that this is closed: only the socket is.
 */
export function onAnswerEnd({ raw, request }: FastifyReply, call: () => void): void {
  const { socket } = request.raw;
  if (raw.closed || socket.destroyed) return call();
  let hasEnded = false;
  const end = () => {
    // The server's own listener of the socket closes the answer, and the socket goes on to call this one.
    if (hasEnded) return;
    hasEnded = true;
    raw.off('close', end);
    socket.off('close', end);
    call();
  };
  // One for each answer that waits.
  socket.setMaxListeners(0);
  raw.on('close', end);
  socket.on('close', end);
}
