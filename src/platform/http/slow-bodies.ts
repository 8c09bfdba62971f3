import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { onAnswerEnd } from './answer-end.js';
import { inBytes } from './in-bytes.js';
import { sendProblem } from './problem.filter.js';
import { Problem } from './problems.js';

/** Enough for a megabyte of JSON over the worst of lines. */
const wholeBodyMs = 30_000;

/** These are as long as they are, and only have to go on: at 1 KiB a second. */
const streamed = /^(multipart\/form-data|image\/|application\/(offset\+)?octet-stream)/i;
const windowMs = 60_000;
const leastBytes = 60 * 1024;

/** A body that drips in byte by byte would hold its connection for ever, and an upload's lease with it. */
export function refuseSlowBodies(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    done();
    const { raw } = request;
    if (raw.method === 'GET' || raw.method === 'HEAD' || raw.complete) return;
    const isStreamed = streamed.test(request.headers['content-type'] ?? '');
    const stop = isStreamed ? watchSpeed(request, reply) : watchTime(request, reply);
    onAnswerEnd(reply, stop);
    raw.once('end', stop);
  });
}

function watchTime(request: FastifyRequest, reply: FastifyReply): () => void {
  const timer = setTimeout(() => {
    if (!request.raw.complete && !reply.sent) refuse(request, reply, `Send the body within ${wholeBodyMs / 1000} s.`);
  }, wholeBodyMs);
  return () => clearTimeout(timer);
}

/** Bytes are counted at the socket: whoever reads the body need not have begun, nor be the only one. */
function watchSpeed(request: FastifyRequest, reply: FastifyReply): () => void {
  const { raw } = request;
  let before = raw.socket.bytesRead;
  const timer = setInterval(() => {
    const { bytesRead } = raw.socket;
    const isSlow = bytesRead - before < leastBytes;
    before = bytesRead;
    // What lies here unread is our slowness, not the client's.
    if (isSlow && !raw.complete && raw.readableLength === 0)
      refuse(request, reply, `Send at least ${inBytes(leastBytes)} a minute.`);
  }, windowMs);
  return () => clearInterval(timer);
}

function refuse(request: FastifyRequest, reply: FastifyReply, detail: string): void {
  const problem = new Problem('request_timeout', { detail, headers: { connection: 'close' } });
  // The reader of a stream may have taken the reply over (tus): then what is left of it is the socket.
  if (reply.sent) answerRaw(request, reply, problem);
  else sendProblem(reply, request, problem);
  reply.raw.once('finish', () => request.raw.destroy());
}

function answerRaw({ id, raw }: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  if (reply.raw.headersSent) return void raw.destroy();
  reply.raw
    .writeHead(problem.getStatus(), { 'content-type': 'application/problem+json; charset=utf-8', connection: 'close' })
    .end(JSON.stringify(problem.toDocument(id)));
}
