import { applyDecorators, type StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { problems, type ProblemCode } from './problem-codes.js';

interface Answer {
  schema?: z.ZodType;
  description: string;
  content?: string | readonly string[];
  headers?: Record<string, string>;
}
/** What a good answer is, by status. `null` is an answer without a body. */
type Answers = Record<number, Answer | null>;

interface Documented<A extends Answers> {
  summary: string;
  description?: string;
  /** What generated clients call it, where that is not its controller and method. */
  operationId?: string;
  answers: A;
  problems?: readonly ProblemCode[];
  params?: Record<string, string>;
}

/** What a handler returns for an answer. Of JSON, what clients read: nothing on the way fills in or converts. */
type Returned<A> = A extends { schema: infer S extends z.ZodType }
  ? z.output<S>
  : A extends { content: `text/${string}` }
    ? string
    : A extends { content: unknown }
      ? StreamableFile
      : void;

/**
 * A decorator for methods that return a `T` or promise it; on others it does not compile. Without it, what a route says
 * and what its handler returns come apart one day, and only a test of that very answer would tell. Fields that a schema
 * does not name pass here (TypeScript calls that a subtype): `test/setup/contract.ts` finds those.
 */
export type OnReturning<T> = <M extends (...args: never[]) => T | Promise<T>>(
  target: object,
  key: string | symbol,
  method: TypedPropertyDescriptor<M>,
) => void;

const always: ProblemCode[] = ['malformed_request', 'unavailable'];

/**
 * Says once what a route answers, for OpenAPI and for the compiler. Problems are grouped by status, each with an example
 * of its own; the access decorators add theirs (401, 403).
 */
export function Documented<const A extends Answers>({
  summary,
  description,
  operationId,
  answers,
  problems: codes = [],
  params = {},
}: Documented<A>): OnReturning<Returned<A[keyof A]>> {
  return applyDecorators(
    ApiOperation({ summary, ...(description && { description }), ...(operationId && { operationId }) }),
    ...Object.entries(params).map(([name, text]) => ApiParam({ name, description: text, schema: { type: 'string' } })),
    ...Object.entries<Answer | null>(answers).map(([status, answer]) => goodAnswer(Number(status), answer)),
    problemAnswers([...codes, ...always]),
  );
}

function goodAnswer(status: number, answer: Answer | null) {
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
    const types = [answer.content].flat();
    return ApiResponse({
      ...shared,
      content: Object.fromEntries(types.map((type) => [type, { schema: bodyOf(type) }])),
    });
  }
  return ApiResponse({ ...shared, ...(answer?.schema && { standardSchema: answer.schema }) });
}

const isText = /^(text\/|application\/(json|vnd\.apple\.mpegurl)$)/;

/** Bytes: `format` is what clients made for OpenAPI 3.0 look for, `contentMediaType` what 3.1 says. */
export const binary = { type: 'string', format: 'binary', contentMediaType: 'application/octet-stream' } as const;

const bodyOf = (contentType: string) => (isText.test(contentType) ? ({ type: 'string' } as const) : binary);

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

/** Adds problems to the answers of an operation of the finished document. */
export function addProblems(responses: Record<string, unknown>, codes: readonly ProblemCode[]): void {
  for (const code of codes) {
    const { status } = problems[code];
    const said = responses[status] as Partial<ReturnType<typeof problemAnswer>> | undefined;
    const known = Object.keys(said?.content?.['application/problem+json'].examples ?? {}) as ProblemCode[];
    const { status: _, ...answer } = problemAnswer(status, [...new Set([...known, code])]);
    responses[status] = answer;
  }
}

const problemAnswer = (status: number, codes: ProblemCode[]) => ({
  status,
  description: codes.map((code) => `\`${code}\`: ${problems[code].title}`).join('\n\n'),
  content: {
    'application/problem+json': {
      schema: { $ref: '#/components/schemas/Problem' },
      examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
    },
  },
});

/** What the answers refer to: below each operation they would be most of the document. */
export const problemExample = (code: ProblemCode) => ({
  value: { type: `/docs/problems#${code}`, ...problems[code], code },
});
