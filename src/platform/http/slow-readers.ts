import type { FastifyReply } from 'fastify';
import { networkOf } from '../limits/limited.js';
import { onAnswerEnd } from './answer-end.js';
import { Problem } from './problems.js';

/** Long answers to one network at a time, per process. Stalled ones hold 512 KiB each. */
export const maxLongAnswers = 300;
/** To all networks together: whoever has many of them could take all memory, and all connections to S3. */
export const maxAllLongAnswers = 1_000;
/** Within this time a chunk has to leave the socket. It has 256 KiB at most, so 2 KiB/s are enough. */
const windowMs = 120_000;

const longAnswers = new Map<string, number>();
let allLongAnswers = 0;

/**
 * Call it before a stream is opened for an answer: each holds a file or a connection to S3, and two chunks, until its
 * client has read it all. A client that reads too slowly is cut off, and can go on with a range request.
 * @throws {Problem} `too_many_requests`, `unavailable` if too many others read
 */
export function admitReader(reply: FastifyReply, chunkWithinMs = windowMs): void {
  const { raw } = reply;
  const network = networkOf(reply.request.ip);
  const open = longAnswers.get(network) ?? 0;
  if (open >= maxLongAnswers) {
    const detail = `Your network is reading ${maxLongAnswers} files at once. Try again when some of them are done.`;
    throw new Problem('too_many_requests', { detail, headers: { 'retry-after': '5' } });
  }
  if (allLongAnswers >= maxAllLongAnswers)
    throw new Problem('unavailable', { detail: 'Too many files are being read.', headers: { 'retry-after': '5' } });
  longAnswers.set(network, open + 1);
  allLongAnswers += 1;
  const timer = setInterval(watch(raw), chunkWithinMs);
  onAnswerEnd(reply, () => {
    clearInterval(timer);
    allLongAnswers -= 1;
    const left = longAnswers.get(network)! - 1;
    if (left) longAnswers.set(network, left);
    else longAnswers.delete(network);
  });
}

/** Bytes in the socket's buffer have not left. Where it is empty, the source is slow, not the client. */
function watch(raw: FastifyReply['raw']): () => void {
  let before = 0;
  return () => {
    const { socket } = raw;
    if (!socket) return;
    const gone = socket.bytesWritten - socket.writableLength;
    if (gone === before && socket.writableLength > 0) raw.destroy();
    before = gone;
  };
}
