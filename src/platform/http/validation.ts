import { StandardSchemaValidationPipe } from '@nestjs/common';
import { Problem, type FieldError } from './problems.js';

type Path = readonly (PropertyKey | { readonly key: PropertyKey })[];
interface Issue {
  readonly message: string;
  readonly path?: Path | undefined;
  readonly keys?: readonly string[];
}

const pointer = (path: Path = []) =>
  path
    .map(
      (segment) =>
        `/${String(typeof segment === 'object' ? segment.key : segment)
          .replaceAll('~', '~0')
          .replaceAll('/', '~1')}`,
    )
    .join('');

/** Zod reports unknown keys in one issue without a path; a client wants a pointer for each. */
const toErrors = ({ message, path, keys }: Issue): FieldError[] =>
  keys
    ? keys.map((key) => ({ pointer: pointer([...(path ?? []), key]).slice(0, 200), message: 'There is no such field' }))
    : [{ pointer: pointer(path), message }];

export const problemOf = (issues: readonly Issue[], maxErrors = 50): Problem =>
  new Problem('validation_failed', { errors: issues.flatMap(toErrors).slice(0, maxErrors) });

/** Validates every body, query and parameter with its zod schema; handlers get the parsed value. */
export const validationPipe = () =>
  new StandardSchemaValidationPipe({ exceptionFactory: (issues) => problemOf(issues) });
