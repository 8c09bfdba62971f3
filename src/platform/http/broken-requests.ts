import type { Socket } from 'node:net';
import { answerDefaults } from './answer-headers.js';
import type { ProblemCode } from './problem-codes.js';
import { Problem } from './problems.js';

const codes: Record<string, { code: ProblemCode; status: string }> = {
  HPE_HEADER_OVERFLOW: { code: 'headers_too_large', status: '431 Request Header Fields Too Large' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', status: '408 Request Timeout' },
};
const otherwise = { code: 'malformed_request', status: '400 Bad Request' } as const;

/** Invalid HTTP never becomes a request; its sender still gets a problem document, and the connection ends. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const { code, status } = codes[error.code ?? ''] ?? otherwise;
  const body = JSON.stringify(new Problem(code).toDocument());
  const headers = {
    connection: 'close',
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...answerDefaults,
  };
  const head = [`HTTP/1.1 ${status}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
