import { HttpException } from '@nestjs/common';
import { problems, type ProblemCode } from './problem-codes.js';

export interface FieldError {
  /** JSON pointer into the body, or `/` and the name of a parameter. */
  pointer: string;
  message: string;
}
interface ProblemOptions {
  detail?: string;
  errors?: FieldError[];
  headers?: Record<string, string>;
  /** More specific than the code, for programs: `too_many_pixels`. */
  reason?: string;
  cause?: unknown;
}

/** The exception filter turns it into an RFC 9457 document. */
export class Problem extends HttpException {
  readonly extras: ProblemOptions;

  constructor(
    readonly code: ProblemCode,
    options: string | ProblemOptions = {},
  ) {
    const given = typeof options === 'string' ? { detail: options } : options;
    super(problems[code].title, problems[code].status, { cause: given.cause });
    this.extras = given;
  }

  /** @param instance the request id */
  toDocument(instance?: string) {
    const { status, title, detail: general } = problems[this.code];
    const { detail, errors, reason } = this.extras;
    return {
      type: `/docs/problems#${this.code}`,
      title,
      status,
      detail: detail || general,
      code: this.code,
      ...(reason && { reason }),
      ...(instance && { instance }),
      ...(errors && { errors }),
    };
  }
}
