import type { Socket } from 'socket.io';

/** With more packets than this waiting for the network, nothing more is sent to a socket. */
export const maxWaiting = 64;

/** Packets that the network has not taken yet: the only measure of it, private in the types alone. */
export const packetsWaiting = (conn: Socket['conn']): number =>
  (conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length;
