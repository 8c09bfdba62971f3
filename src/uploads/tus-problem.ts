import { ERRORS } from '@tus/server';
import type { ProblemCode } from '../platform/http/problem-codes.js';
import { Problem } from '../platform/http/problems.js';
import { toProblem } from '../platform/http/problem.filter.js';

const refusals: [refusal: { body: string }, code: ProblemCode][] = [
  [ERRORS.MISSING_OFFSET, 'malformed_request'],
  [ERRORS.INVALID_CONTENT_TYPE, 'unsupported_media_type'],
  [ERRORS.INVALID_LENGTH, 'malformed_request'],
  [ERRORS.INVALID_METADATA, 'malformed_request'],
  [ERRORS.FILE_NOT_FOUND, 'upload_not_found'],
  [ERRORS.FILE_NO_LONGER_EXISTS, 'upload_expired'],
  [ERRORS.INVALID_OFFSET, 'upload_offset_conflict'],
  [ERRORS.ERR_SIZE_EXCEEDED, 'too_large'],
  [ERRORS.ERR_MAX_SIZE_EXCEEDED, 'too_large'],
  [ERRORS.ERR_LOCK_TIMEOUT, 'upload_locked'],
  [ERRORS.ABORTED, 'upload_locked'],
  [ERRORS.INVALID_TERMINATION, 'upload_finished'],
  // The library hides the reason; in practice the disk is full or not writable.
  [ERRORS.FILE_WRITE_ERROR, 'unavailable'],
  [ERRORS.UNSUPPORTED_CREATION_DEFER_LENGTH_EXTENSION, 'not_supported'],
  [ERRORS.UNSUPPORTED_CONCATENATION_EXTENSION, 'not_supported'],
];

/** Our codes for the library's refusals. Matched by text: its streams throw other error objects with the same text. */
const codes = new Map(refusals.map(([{ body }, code]) => [body, code]));

export function tusProblem(error: unknown): Problem {
  const { body = '' } = error as { body?: string };
  const code = codes.get(body);
  return code ? new Problem(code, body.trim()) : toProblem(error);
}

/** Statuses that the library answers before calling any hook: unreadable headers, unsupported version. */
const bare: Record<number, ProblemCode> = {
  400: 'malformed_request',
  404: 'upload_not_found',
  412: 'precondition_failed',
};

/** Turns every refusal into a problem document. */
export async function asProblem(
  response: Response,
  requestId: string,
  more: Record<string, string> = {},
): Promise<Response> {
  const text = await response.text();
  const document = text.startsWith('{')
    ? { ...(JSON.parse(text) as object), instance: requestId }
    : new Problem(bare[response.status] ?? 'internal', text.trim()).toDocument(requestId);
  const headers = new Headers(response.headers);
  headers.delete('content-length');
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  headers.set('content-type', 'application/problem+json; charset=utf-8');
  return new Response(JSON.stringify(document), { status: response.status, headers });
}
