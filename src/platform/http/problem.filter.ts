import {
  Catch,
  HttpException,
  Logger,
  NotFoundException,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isDatabaseDown } from '../database/database-down.js';
import { answerDefaults } from './answer-headers.js';
import type { ProblemCode } from './problem-codes.js';
import { Problem } from './problems.js';
import type { RouteTable } from './route-table.js';

/** Our codes for the framework's own refusals. */
const byStatus: Record<number, ProblemCode> = {
  400: 'malformed_request',
  401: 'not_signed_in',
  /** A path that escapes a folder of static files. */
  403: 'not_found',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'too_large',
  415: 'unsupported_media_type',
  416: 'range_not_satisfiable',
  422: 'validation_failed',
  503: 'unavailable',
};

/** Default headers by status (RFC 9110, 15.5.2 and 15.6.4). */
const defaultHeaders: Record<number, Record<string, string>> = {
  401: { 'www-authenticate': 'Bearer' },
  503: { 'retry-after': '5' },
};

/** The one place where an error becomes an answer: a problem document, never a stack, SQL or a path. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  constructor(private readonly routes: RouteTable) {}

  catch(error: unknown, host: ArgumentsHost) {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const problem = this.wrongMethod(error, request) ?? toProblem(error);
    if (problem.getStatus() >= 500) this.logger.error({ err: error, code: problem.code }, 'request failed');
    sendProblem(http.getResponse<FastifyReply>(), request, problem);
  }

  /** The framework says "not found" even where only the method is wrong. */
  private wrongMethod(error: unknown, { method, url }: FastifyRequest): Problem | undefined {
    if (!(error instanceof NotFoundException)) return undefined;
    const allowed = this.routes.allowed(url);
    if (!allowed.length || allowed.includes(method)) return undefined;
    return new Problem('method_not_allowed', {
      detail: `Try ${allowed.join(', ')}.`,
      headers: { allow: allowed.join(', ') },
    });
  }
}

export function sendProblem(reply: FastifyReply, request: FastifyRequest, problem: Problem) {
  // Part of the body is sent already: the only way left to signal an error is to break the connection.
  if (reply.raw.headersSent) return void reply.raw.destroy();
  // Headers of the body that was not sent after all.
  for (const name of [
    'etag',
    'last-modified',
    'content-disposition',
    'accept-ranges',
    'content-length',
    'content-range',
  ])
    reply.removeHeader(name);
  // Fastify closes the connection when the announced body is too large: the client, still sending, would see a reset
  // instead of the 413.
  if (problem.getStatus() === 413) reply.removeHeader('connection');
  void reply
    .code(problem.getStatus())
    .headers({ ...answerDefaults, ...defaultHeaders[problem.getStatus()], ...problem.extras.headers })
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem.toDocument(request.id)));
}

export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HttpException) {
    const isTheirs = error.getStatus() < 500;
    const code = byStatus[error.getStatus()] ?? (isTheirs ? 'malformed_request' : 'internal');
    return new Problem(code, { cause: error, ...(isTheirs && error.message && { detail: error.message }) });
  }
  if (isDatabaseDown(error)) return new Problem('unavailable', { cause: error });
  if ((error as { code?: string }).code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new Problem('too_large', { detail: 'A JSON body may have at most 1 MiB.', cause: error });
  }
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode && statusCode >= 400 && statusCode < 500) {
    return new Problem(byStatus[statusCode] ?? 'malformed_request', {
      cause: error,
      ...(message && { detail: message }),
    });
  }
  return new Problem('internal', { cause: error });
}
