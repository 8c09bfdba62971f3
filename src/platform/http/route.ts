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
/** Successful answers by status. `null` is an answer without a body. */
type Answers = Record<number, Answer | null>;

interface Documented<A extends Answers> {
  summary: string;
  description?: string;
  /** Name in generated clients, where it is not derived from controller and method. */
  operationId?: string;
  answers: A;
  problems?: readonly ProblemCode[];
  params?: Record<string, string>;
}

/**
 * What a handler must return for an answer. For JSON, exactly what clients receive: nothing converts or completes it.
 */
type Returned<A> = A extends { schema: infer S extends z.ZodType }
  ? z.output<S>
  : A extends { content: `text/${string}` }
    ? string
    : A extends { content: unknown }
      ? StreamableFile
      : void;

/**
 * A decorator for methods that return a `T` or promise it; on others it does not compile. Without it, documentation and
 * handler drift apart, and only a test of that very answer would notice. Fields that a schema does not name pass here
 * (TypeScript allows subtypes): `test/setup/contract.ts` finds those.
 */
export type OnReturning<T> = <M extends (...args: never[]) => T | Promise<T>>(
  target: object,
  key: string | symbol,
  method: TypedPropertyDescriptor<M>,
) => void;

const always: ProblemCode[] = ['malformed_request', 'unavailable'];

/**
 * Declares once what a route answers, for OpenAPI and for the compiler. Problems are grouped by status, each with its
 * own example; the access decorators add theirs (401, 403).
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

/** `format` is for generators made for OpenAPI 3.0, `contentMediaType` is the 3.1 way. */
export const binary = { type: 'string', format: 'binary', contentMediaType: 'application/octet-stream' } as const;

const bodyOf = (contentType: string) => (isText.test(contentType) ? ({ type: 'string' } as const) : binary);

const CODES = Symbol('problem-codes');
/** Metadata key under which @nestjs/swagger stores `ApiResponse`. */
const RESPONSES = 'swagger/apiResponse';

/** OpenAPI responses of the given problems, one per status, merged with those of other decorators. */
export function problemAnswers(codes: readonly ProblemCode[]): MethodDecorator {
  return (target, key, method) => {
    const known = (Reflect.getMetadata(CODES, method.value as object) ?? []) as ProblemCode[];
    const all = [...new Set([...known, ...codes])];
    Reflect.defineMetadata(CODES, all, method.value as object);
    for (const status of new Set(all.map((code) => problems[code].status))) {
      const group = all.filter((code) => problems[code].status === status);
      // Replaces the response of this status with one that lists the former problems, too.
      Reflect.deleteProperty((Reflect.getMetadata(RESPONSES, method.value as object) ?? {}) as object, String(status));
      ApiResponse(problemAnswer(status, group))(target, key, method);
    }
  };
}

/** Adds problems to the responses of an operation in the finished document. */
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

/** Shared by reference: repeated in each operation, examples would be most of the document. */
export const problemExample = (code: ProblemCode) => ({
  value: { type: `/docs/problems#${code}`, ...problems[code], code },
});
