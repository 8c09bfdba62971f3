import type { z } from 'zod';
import { Documented, type OnReturning } from '../platform/http/route.js';

interface Bytes {
  summary: string;
  description?: string;
  /** Media types of a successful answer. */
  content: string | readonly string[];
  /** Schema of JSON content. */
  schema?: z.ZodType;
  params: Record<string, string>;
}

const headers = {
  ETag: 'Strong',
  'Cache-Control': 'Public and immutable for public content, `private, no-store` for the rest',
  'Accept-Ranges': '`bytes`',
};

/**
 * All byte routes answer alike: ranges, conditions, HEAD. The handler returns nothing, because `send` writes the
 * answer.
 */
export const DocumentedBytes = ({ content, schema, ...about }: Bytes): OnReturning<void> =>
  Documented({
    ...about,
    answers: {
      200: { ...(schema ? { schema } : { content }), headers, description: 'The bytes' },
      206: {
        content,
        headers: { ...headers, 'Content-Range': 'Which bytes, and the total' },
        description: 'The requested range',
      },
      304: { description: 'Your copy is still valid' },
    },
    problems: [
      'file_not_found',
      'file_not_ready',
      'rendition_not_found',
      'media_token_invalid',
      'not_yours',
      'range_not_satisfiable',
      'precondition_failed',
      'too_many_requests',
      'validation_failed',
    ],
  });
