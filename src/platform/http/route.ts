import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { problems, type ProblemCode } from './problems.js';

interface Documented {
  summary: string;
  description?: string;
  /** What a good answer is, by status. `null` is an answer without a body. */
  answers: Record<
    number,
    { schema?: z.ZodType; description: string; content?: string; headers?: Record<string, string> } | null
  >;
  problems?: readonly ProblemCode[];
  params?: Record<string, string>;
}

const always: ProblemCode[] = ['malformed_request', 'unavailable'];

/**
 * Says once what a route answers, for OpenAPI. Problems are grouped by status, each with an example of its own; the
 * access decorators add theirs (401, 403).
 */
export function Documented({ summary, description, answers, problems: codes = [], params = {} }: Documented) {
  return applyDecorators(
    ApiOperation({ summary, ...(description && { description }) }),
    ...Object.entries(params).map(([name, text]) => ApiParam({ name, description: text, schema: { type: 'string' } })),
    ...Object.entries(answers).map(([status, answer]) => goodAnswer(Number(status), answer)),
    problemAnswers([...codes, ...always]),
  );
}

function goodAnswer(status: number, answer: Documented['answers'][number]) {
  const headers = Object.fromEntries(
    Object.entries(answer?.headers ?? {}).map(([name, text]) => [
      name,
      { description: text, schema: { type: 'string' as const } },
    ]),
  );
  const shared = {
    status,
    description: answer?.description ?? 'Done',
    ...(Object.keys(headers).length && { headers }),
  };
  if (answer?.content) {
    return ApiResponse({ ...shared, content: { [answer.content]: { schema: { type: 'string', format: 'binary' } } } });
  }
  return ApiResponse({ ...shared, ...(answer?.schema && { standardSchema: answer.schema }) });
}

const CODES = Symbol('problem-codes');
/** Where @nestjs/swagger keeps what `ApiResponse` was told. */
const RESPONSES = 'swagger/apiResponse';

/** OpenAPI responses of the given problems, one per status; together with those that another decorator has named. */
export function problemAnswers(codes: readonly ProblemCode[]): MethodDecorator {
  return (target, key, method) => {
    const known = (Reflect.getMetadata(CODES, method.value as object) ?? []) as ProblemCode[];
    const all = [...new Set([...known, ...codes])];
    Reflect.defineMetadata(CODES, all, method.value as object);
    for (const status of new Set(all.map((code) => problems[code].status))) {
      const group = all.filter((code) => problems[code].status === status);
      // What was said of this status before is said again, with the rest.
      Reflect.deleteProperty((Reflect.getMetadata(RESPONSES, method.value as object) ?? {}) as object, String(status));
      ApiResponse(problemAnswer(status, group))(target, key, method);
    }
  };
}

const problemAnswer = (status: number, codes: ProblemCode[]) => ({
  status,
  description: codes.map((code) => `\`${code}\`: ${problems[code].title}`).join('\n\n'),
  content: {
    'application/problem+json': {
      schema: { $ref: '#/components/schemas/Problem' },
      examples: Object.fromEntries(
        codes.map((code) => [
          code,
          { value: { type: `/docs/problems#${code}`, title: problems[code].title, status, code } },
        ]),
      ),
    },
  },
});
