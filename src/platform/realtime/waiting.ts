import type { Socket } from 'socket.io';

/** With more packets than this waiting for the network, nothing more is sent to a socket. */
export const maxWaiting = 64;
/** With more than these, a client that still sends commands is closed: their answers are kept for it. */
export const maxUnread = 2 * maxWaiting;

/** Packets that the network has not taken yet: the only measure of it, private in the types alone. */
export const packetsWaiting = (conn: Socket['conn']): number =>
  (conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length;
