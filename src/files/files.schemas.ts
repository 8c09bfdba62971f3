import { z } from 'zod';
import { failureCodes } from '../processing/run/failure.js';
import { warningCodes } from '../processing/video/lengths.js';
import { fileKinds, fileStatuses } from './file.entity.js';

export const Slug = z
  .string()
  .regex(/^[0-9A-Za-z_-]{1,64}$/, 'letters and digits')
  .meta({ example: 'k3JfW0aXq9TzB7Lm' });
export const FileParam = z.strictObject({ url: Slug });

export const PhotoChoice = z
  .strictObject({ photo: Slug.meta({ description: 'The `url` of a photo you uploaded, which must be ready' }) })
  .meta({ id: 'PhotoChoice' });
export type PhotoChoice = z.infer<typeof PhotoChoice>;

const stages = ['queued', 'running'] as const;
/** Counting stops here; for somebody who waits, more makes no difference. */
export const maxQueuedBefore = 1000;

export const Failure = z
  .object({ code: z.enum(failureCodes), message: z.string() })
  .meta({ id: 'Failure', description: 'Why the file could not be processed' });

export const Warning = z.object({ code: z.enum(warningCodes), detail: z.string() }).meta({
  id: 'Warning',
  description:
    'What is wrong with the file, although most of it plays. `truncated`: its end is missing. `wrong_duration`: it ' +
    'declares another duration than it plays. `length_differs`: not all of it could be decoded, or the result is longer.',
});

/** Stands beside every signed address. */
export const ExpiresAt = z.iso
  .datetime()
  .optional()
  .meta({ description: 'When the addresses beside it expire, where they are signed: request new ones before' });

const shared = {
  url: Slug,
  kind: z.enum(fileKinds),
  status: z.enum(fileStatuses),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  filename: z.string(),
  href: z.string().meta({ description: 'Where its bytes will be, relative to this host' }),
};

export const UploadedFile = z.object(shared).meta({ id: 'UploadedFile' });
export type UploadedFile = z.infer<typeof UploadedFile>;

export const FileAnswer = z
  .object({
    ...shared,
    progress: z.number().min(0).max(1).meta({ description: 'Never decreases, except when a failed file is retried' }),
    stage: z
      .enum(stages)
      .optional()
      .meta({
        description:
          'While `processing`. `queued`: it waits for a worker, for the first or another attempt. `running`: a worker ' +
          'has it, and `progress` moves at least every 2 s',
      }),
    queuedBefore: z
      .int()
      .min(0)
      .max(maxQueuedBefore)
      .optional()
      .meta({ description: 'While `queued`: about how many files come before it' }),
    remainingMs: z.int().optional().meta({ description: 'Estimated time left, once there is an estimate' }),
    failure: Failure.optional(),
    usedBy: z.string().optional().meta({ description: '`url` of the media or the comment that shows it' }),
    mimeType: z.string(),
    width: z.int().nullable(),
    height: z.int().nullable(),
    durationMs: z.int().nullable(),
    placeholder: z.string().nullable().meta({ description: 'ThumbHash, base64' }),
    color: z.string().nullable().meta({ description: 'Dominant colour, #rrggbb' }),
    facts: z.record(z.string(), z.unknown()),
    warnings: z.array(Warning),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'File' });
export type FileAnswer = z.infer<typeof FileAnswer>;

/** What sockets are told of a file; the rest is under its address. */
export const FileChanged = z
  .object({ url: Slug, status: z.enum(fileStatuses), progress: z.number().min(0).max(1), failure: Failure.optional() })
  .meta({ id: 'FileChanged' });
