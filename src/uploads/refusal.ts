import type { ProblemCode } from '../platform/http/problem-codes.js';
import { Problem } from '../platform/http/problems.js';
import type { Refused, RefusalCode } from '../processing/accept/refusal.js';

const codes: Partial<Record<RefusalCode, ProblemCode>> = {
  type_not_allowed: 'unsupported_media_type',
  too_large: 'too_large',
};

/** Converts a refusal of the pipeline to a problem, with the pipeline's own code as the reason. */
export const refusalProblem = (refused: Refused): Problem =>
  new Problem(codes[refused.code] ?? 'content_refused', {
    detail: refused.message,
    reason: refused.code,
    cause: refused,
  });
