import type { z } from 'zod';
import { Documented, type OnReturning } from '../platform/http/route.js';

interface Bytes {
  summary: string;
  description?: string;
  /** Media types of a good answer. */
  content: string | readonly string[];
  /** Of JSON. */
  schema?: z.ZodType;
  params: Record<string, string>;
}

const headers = {
  ETag: 'Strong',
  'Cache-Control': 'Public and immutable for what everybody may see, `private, no-store` for the rest',
  'Accept-Ranges': '`bytes`',
};

/** Every route of bytes answers alike: ranges, conditions, HEAD. Its handler returns nothing, `send` answers for it. */
export const DocumentedBytes = ({ content, schema, ...about }: Bytes): OnReturning<void> =>
  Documented({
    ...about,
    answers: {
      200: { ...(schema ? { schema } : { content }), headers, description: 'The bytes' },
      206: {
        content,
        headers: { ...headers, 'Content-Range': 'Which bytes, of how many' },
        description: 'The range that was asked for',
      },
      304: { description: 'What you have is still right' },
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
